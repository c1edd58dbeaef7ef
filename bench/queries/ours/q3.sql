SELECT * FROM events WHERE eventID = '{id}'
