SELECT event_time, event_source, event_name, aws_region, source_ip_address, error_code, request_parameters, event_id
FROM lake.events
WHERE user_access_key_id = '{key}' AND toDate(event_time) = '{day}'
ORDER BY event_time, event_id
