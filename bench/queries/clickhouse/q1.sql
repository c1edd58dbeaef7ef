SELECT event_source, event_name, count() AS n, countIf(error_code != '') AS errors
FROM lake.events
GROUP BY event_source, event_name
ORDER BY n DESC, event_source, event_name
LIMIT 50
