SELECT eventTime, eventName, userIdentity.arn, sourceIPAddress, requestParameters
FROM events
WHERE requestParameters LIKE '%{bucket}%'
ORDER BY eventTime DESC
LIMIT 100
