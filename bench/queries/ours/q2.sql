SELECT eventTime, eventSource, eventName, awsRegion, sourceIPAddress, errorCode, requestParameters, eventID
FROM events
WHERE userIdentity.accessKeyId = '{key}' AND eventTime >= '{day}T00:00:00Z' AND eventTime <= '{day}T23:59:59Z'
ORDER BY eventTime, eventID
