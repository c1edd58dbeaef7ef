WITH issued AS (
  SELECT JSONExtractString(response_elements, 'credentials', 'accessKeyId') AS key, event_time AS at,
    if(user_arn = '', user_invoked_by, user_arn) AS issued_to, JSONExtractString(request_parameters, 'roleArn') AS role
  FROM lake.events
  WHERE event_source = 'sts.amazonaws.com' AND event_name = 'AssumeRole' AND response_elements NOT IN ('', 'null')
)
SELECT role, issued_to, key, count() AS uses, uniqExact(e.event_name) AS calls, uniqExact(e.source_ip_address) AS ips,
  min(e.event_time - at) AS first_use
FROM lake.events AS e JOIN issued ON e.user_access_key_id = issued.key
WHERE e.event_time >= at
GROUP BY role, issued_to, key
ORDER BY uses DESC, key, issued_to
LIMIT 100
