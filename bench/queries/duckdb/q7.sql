WITH issued AS (
  SELECT json_extract_string(response_elements, '$.credentials.accessKeyId') AS key, event_time AS at,
    coalesce(user_arn, user_invoked_by) AS issued_to, json_extract_string(request_parameters, '$.roleArn') AS role
  FROM events
  WHERE event_source = 'sts.amazonaws.com' AND event_name = 'AssumeRole' AND response_elements IS NOT NULL
)
SELECT i.role, i.issued_to, i.key, count(*) AS uses, count(DISTINCT e.event_name) AS calls,
  count(DISTINCT e.source_ip_address) AS ips, min(e.event_time - i.at) AS first_use
FROM issued i JOIN events e ON e.user_access_key_id = i.key AND e.event_time >= i.at
GROUP BY i.role, i.issued_to, i.key
ORDER BY uses DESC, i.key, i.issued_to
LIMIT 100
