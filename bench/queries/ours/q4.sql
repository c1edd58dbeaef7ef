SELECT userIdentity.arn, count(*) AS n, count(DISTINCT sourceIPAddress) AS ips,
  cast(count(errorCode) AS double) / count(*) AS error_rate
FROM events
WHERE userIdentity.arn IS NOT NULL
GROUP BY userIdentity.arn
ORDER BY ips DESC, n DESC, userIdentity.arn
LIMIT 50
