WITH issued AS (
  SELECT json_extract_scalar(responseElements, '$.credentials.accessKeyId') AS key, eventTime AS at,
    coalesce(userIdentity.arn, userIdentity.invokedBy) AS issued_to,
    json_extract_scalar(requestParameters, '$.roleArn') AS role
  FROM events
  WHERE eventSource = 'sts.amazonaws.com' AND eventName = 'AssumeRole' AND responseElements IS NOT NULL
)
SELECT i.role, i.issued_to, i.key, count(*) AS uses, count(DISTINCT e.eventName) AS calls,
  count(DISTINCT e.sourceIPAddress) AS ips, min(e.eventTime - i.at) AS first_use
FROM issued i JOIN events e ON e.userIdentity.accessKeyId = i.key AND e.eventTime >= i.at
GROUP BY i.role, i.issued_to, i.key
ORDER BY uses DESC, i.key, i.issued_to
LIMIT 100
