SELECT date_trunc('hour', eventTime) AS hour, errorCode, count(*) AS n
FROM events
WHERE errorCode IS NOT NULL
GROUP BY date_trunc('hour', eventTime), errorCode
ORDER BY hour, n DESC, errorCode
