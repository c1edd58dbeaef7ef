//! What an event that comes in over a channel is called from now on: the same whenever it is sent again.

use aws_lc_rs::digest::{Context, SHA256, digest};
use uuid::Builder;

use super::AuditEvent;

/// Bytes of a UUID.
const BYTES: usize = 16;

/// Returns the eventID of an event: a UUID of version 8 (RFC 9562, section 5.8) out of the SHA-256 of the channel's ARN, the
/// event's `id` and the SHA-256 of its text, a zero byte behind each of the first two.
///
/// A sender that got no answer sends the event again, as SDKs do by themselves, and gets the same eventID. The same `id` with
/// another text is another event, and so is the same event over another channel.
pub(super) fn event_id(channel_arn: &str, event: &AuditEvent) -> String {
    let mut hash = Context::new(&SHA256);
    for name in [channel_arn, &event.id] {
        hash.update(name.as_bytes());
        // Neither can hold one: what ends and what begins is told apart.
        hash.update(&[0]);
    }
    hash.update(digest(&SHA256, event.event_data.as_bytes()).as_ref());
    let hash = hash.finish();
    let mut bytes = [0; BYTES];
    bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, hashed)| *byte = *hashed);
    Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_called_by_its_channel_id_and_text() {
        let event = |id: &str, data: &str| AuditEvent {
            id: id.to_owned(),
            event_data: data.to_owned(),
            event_data_checksum: None,
        };
        let named = |channel: &str, id: &str, data: &str| event_id(channel, &event(id, data));
        let first = named("arn:a", "1", "{}");
        // Worked out with `sha256sum`.
        assert_eq!(first, "95ac12bd-436d-8588-97b2-2abd774a72f8");
        assert_eq!(uuid::Uuid::try_parse(&first).unwrap().get_version_num(), 8);
        let sent_with_its_checksum = AuditEvent { event_data_checksum: Some("x".to_owned()), ..event("1", "{}") };
        assert_eq!(event_id("arn:a", &sent_with_its_checksum), first);
        for (channel, id, data) in
            [("arn:b", "1", "{}"), ("arn:a", "2", "{}"), ("arn:a", "1", "{ }"), ("arn:a1", "", "{}")]
        {
            assert_ne!(named(channel, id, data), first, "{channel} {id} {data}");
        }
    }
}
