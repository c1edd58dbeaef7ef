SELECT * FROM lake.events WHERE event_id = '{id}'
