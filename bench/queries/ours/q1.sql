SELECT eventSource, eventName, count(*) AS n, count(errorCode) AS errors
FROM events
GROUP BY eventSource, eventName
ORDER BY n DESC, eventSource, eventName
LIMIT 50
