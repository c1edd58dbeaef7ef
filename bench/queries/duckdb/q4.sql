SELECT user_arn, count(*) AS n, count(DISTINCT source_ip_address) AS ips, count(error_code) / count(*) AS error_rate
FROM events
WHERE user_arn IS NOT NULL
GROUP BY user_arn
ORDER BY ips DESC, n DESC, user_arn
LIMIT 50
