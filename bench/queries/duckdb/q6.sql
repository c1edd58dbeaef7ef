SELECT date_trunc('hour', event_time) AS hour, error_code, count(*) AS n
FROM events
WHERE error_code IS NOT NULL
GROUP BY hour, error_code
ORDER BY hour, n DESC, error_code
