SELECT event_time, event_name, user_arn, source_ip_address, request_parameters
FROM lake.events
WHERE position(request_parameters, '{bucket}') > 0
ORDER BY event_time DESC
LIMIT 100
