SELECT user_arn, count() AS n, uniqExact(source_ip_address) AS ips, countIf(error_code != '') / n AS error_rate
FROM lake.events
WHERE user_arn != ''
GROUP BY user_arn
ORDER BY ips DESC, n DESC, user_arn
LIMIT 50
