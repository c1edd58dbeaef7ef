//! Digest files and Insights events (section "Digest and insight records" of the mapping).

use crate::ecs::document::Slot;
use crate::ecs::field::Field;
use crate::ecs::identity::shortened;
use crate::ecs::mapping::Mapping;
use crate::ecs::record::Member;
use crate::ecs::time;

/// Members of a digest file that only move.
const MOVES: &[(Member, Field)] = &[
    (Member::DigestS3Object, Field::FilePath),
    (Member::PreviousDigestS3Object, Field::DigestPreviousS3Object),
    (Member::PreviousDigestSignature, Field::DigestPreviousSignature),
    (Member::PreviousDigestHashValue, Field::DigestPreviousHashValue),
    (Member::LogFiles, Field::DigestLogFiles),
    (Member::DigestS3Bucket, Field::DigestS3Bucket),
    (Member::PreviousDigestS3Bucket, Field::DigestPreviousS3Bucket),
    (Member::PreviousDigestHashAlgorithm, Field::DigestPreviousHashAlgorithm),
    (Member::DigestSignatureAlgorithm, Field::DigestSignatureAlgorithm),
    (Member::InsightDetails, Field::InsightDetails),
];

const TIMES: &[(Member, Field, &str)] = &[
    (Member::DigestStartTime, Field::DigestStartTime, "date_digest_start_time"),
    (Member::DigestEndTime, Field::DigestEndTime, "date_digest_end_time"),
    (Member::NewestEventTime, Field::DigestNewestEventTime, "date_newest_event_time"),
    (Member::OldestEventTime, Field::DigestOldestEventTime, "date_oldest_event_time"),
];

pub(super) fn map(mapping: &mut Mapping<'_>) {
    let Some(record) = mapping.record else { return };
    for (member, field) in MOVES {
        mapping.document.set_node(*field, record.get(*member));
    }
    if !mapping.document.has(Field::CloudAccountId) {
        mapping.document.set_node(Field::CloudAccountId, record.get(Member::AwsAccountId));
    }
    let fingerprint =
        record.get(Member::DigestPublicKeyFingerprint).or_else(|| record.get(Member::PublicKeyFingerprint));
    mapping.document.set_node(Field::DigestPublicKeyFingerprint, fingerprint);
    for (member, field, tag) in TIMES {
        let Some(node) = record.get(*member) else { continue };
        match record.scalar(node).and_then(|text| time::iso_8601(&text)) {
            Some(time) => mapping.document.set_text(*field, time),
            None => {
                let message = format!("unable to parse date [{}]", shortened(record.tree.raw(node)));
                mapping.fail("date", tag, &message);
            }
        }
    }
    if let Some(Slot::Text(end)) = mapping.document.get(Field::DigestEndTime) {
        let end = end.clone();
        mapping.document.set_text(Field::Timestamp, end);
    }
    if let Some(hash) = record.get(Member::PreviousDigestHashValue).and_then(|node| record.scalar(node)) {
        mapping.document.append(Field::RelatedHash, hash);
    }
}
