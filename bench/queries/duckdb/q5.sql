SELECT event_time, event_name, user_arn, source_ip_address, request_parameters
FROM events
WHERE contains(request_parameters, '{bucket}')
ORDER BY event_time DESC
LIMIT 100
