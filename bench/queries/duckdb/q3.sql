SELECT * FROM events WHERE event_id = '{id}'
