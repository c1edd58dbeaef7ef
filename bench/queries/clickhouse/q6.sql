SELECT toStartOfHour(event_time) AS hour, error_code, count() AS n
FROM lake.events
WHERE error_code != ''
GROUP BY hour, error_code
ORDER BY hour, n DESC, error_code
