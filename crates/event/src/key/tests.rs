//! Keys as AWS writes them, keys that are none, and the law that printing undoes parsing.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

const LOG: &str = "111122223333_CloudTrail_eu-west-1_20240507T1305Z_AbCdEfGhIjKlMnOp.json.gz";
const DIGEST: &str = "111122223333_CloudTrail-Digest_eu-west-1_my_trail_us-east-1_20240507T130509Z.json.gz";

/// A key's prefix and organization.
type Root = (&'static str, Option<&'static str>);

/// Folders before the file, the file, and what stands before the account; `None`: not a key.
const KEYS: &[(&str, &str, Option<Root>)] = &[
    ("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/07", LOG, Some(("", None))),
    ("logs/all/AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/07", LOG, Some(("logs/all", None))),
    ("AWSLogs/o-abc123/111122223333/CloudTrail/eu-west-1/2024/05/07", LOG, Some(("", Some("o-abc123")))),
    (
        "o-abc123/AWSLogs/o-abc123/111122223333/CloudTrail/eu-west-1/2024/05/07",
        LOG,
        Some(("o-abc123", Some("o-abc123"))),
    ),
    ("AWSLogs/AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/07", LOG, Some(("AWSLogs", None))),
    ("AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2024/05/07", DIGEST, Some(("", None))),
    // The folders disagree with the file.
    ("AWSLogs/444455556666/CloudTrail/eu-west-1/2024/05/07", LOG, None),
    ("AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2024/05/07", LOG, None),
    ("AWSLogs/111122223333/CloudTrail/eu-west-2/2024/05/07", LOG, None),
    ("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/08", LOG, None),
    // A part is missing, doubled or foreign.
    ("111122223333/CloudTrail/eu-west-1/2024/05/07", LOG, None),
    ("/AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/07", LOG, None),
    ("xAWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/07", LOG, None),
    ("AWSLogs//111122223333/CloudTrail/eu-west-1/2024/05/07", LOG, None),
    ("AWSLogs/x/111122223333/CloudTrail/eu-west-1/2024/05/07", LOG, None),
    ("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/07/x", LOG, None),
];

#[test]
fn keys() {
    for (folders, file, expect) in KEYS {
        let text = format!("{folders}/{file}");
        let key = Key::parse(&text);
        let found = key.as_ref().map(|k| (k.prefix.as_str(), k.organization.as_ref().map(OrganizationId::as_str)));
        assert_eq!(found, *expect, "{text}");
        if let Some(key) = key {
            assert_eq!(key.to_string(), text);
        }
    }
}

#[test]
fn names_of_files() {
    let log = FileName::parse(LOG).unwrap();
    assert_eq!(
        log,
        FileName::LogFile(LogFileName {
            account: AccountId::parse("111122223333").unwrap(),
            folder: Folder::CloudTrail,
            region: Region::parse("eu-west-1").unwrap(),
            delivered: "2024-05-07T13:05:00Z".parse().unwrap(),
            unique: "AbCdEfGhIjKlMnOp".to_owned(),
            compressed: true,
        })
    );
    let digest = FileName::parse(&DIGEST.replace("Z.json.gz", "Z_backfill.json")).unwrap();
    assert_eq!(
        digest,
        FileName::DigestFile(DigestFileName {
            account: AccountId::parse("111122223333").unwrap(),
            region: Region::parse("eu-west-1").unwrap(),
            trail: "my_trail".to_owned(),
            home_region: Region::parse("us-east-1").unwrap(),
            end: "2024-05-07T13:05:09Z".parse().unwrap(),
            backfill: true,
            compressed: false,
        })
    );
}

#[test]
fn names_that_are_none() {
    let names = [
        "",
        ".json.gz",
        "flaws_cloudtrail00.json.gz",
        "111122223333_CloudTrail_eu-west-1_20240507T1305Z_.json.gz",
        "111122223333_CloudTrail_eu-west-1_20240507T1305Z_a_b.json.gz",
        "111122223333_CloudTrail_eu-west-1_20240507T1305Z_ab.json.gz.tmp",
        "111122223333_CloudTrail_eu-west-1_20240507T130500Z_ab.json.gz",
        "111122223333_CloudTrail_eu-west-1_2024057T1305Z_ab.json.gz",
        "111122223333_CloudTrail_eu-west-1_20240230T1305Z_ab.json.gz",
        "111122223333_CloudTrail_eu-west-1_20240507T2460Z_ab.json.gz",
        "111122223333_CloudTrail_EU_20240507T1305Z_ab.json.gz",
        "111122223333_cloudtrail_eu-west-1_20240507T1305Z_ab.json.gz",
        "111122223333_CloudTrail-Digest_eu-west-1_us-east-1_20240507T130509Z.json.gz",
        "111122223333_CloudTrail-Digest_eu-west-1_t\u{8}_us-east-1_20240507T130509Z.json.gz",
        "111122223333_CloudTrail-Digest_eu-west-1_\\..\\t_us-east-1_20240507T130509Z.json.gz",
        "111122223333_CloudTrail-Digest_eu-west-1_t_us-east-1_20240507T130560Z.json.gz",
        "111122223333_CloudTrail-Digest_eu-west-1_t_us-east-1_20240507T1305Z.json.gz",
    ];
    for name in names {
        assert_eq!(FileName::parse(name), None, "{name}");
    }
}

fn account() -> impl Strategy<Value = AccountId> {
    "[0-9]{12}".prop_map(|text| AccountId::parse(&text).unwrap())
}

fn region() -> impl Strategy<Value = Region> {
    "(us|eu|ap|cn|us-gov|eusc-de)-(east|west|southeast)-[1-9]".prop_map(|text| Region::parse(&text).unwrap())
}

fn seconds() -> impl Strategy<Value = i64> {
    // From 2013, when CloudTrail began, to 2099.
    1_356_998_400..4_070_908_800_i64
}

fn log_file() -> impl Strategy<Value = FileName> {
    let folder = prop::sample::select(vec![Folder::CloudTrail, Folder::Aggregated, Folder::Insight]);
    (account(), folder, region(), seconds(), "[A-Za-z0-9]{1,64}", any::<bool>()).prop_map(
        |(account, folder, region, second, unique, compressed)| {
            let delivered = Timestamp::from_second(second - second % 60).unwrap();
            FileName::LogFile(LogFileName { account, folder, region, delivered, unique, compressed })
        },
    )
}

fn digest_file() -> impl Strategy<Value = FileName> {
    (account(), region(), "[A-Za-z0-9._-]{1,128}", region(), seconds(), any::<(bool, bool)>()).prop_map(
        |(account, region, trail, home_region, second, (backfill, compressed))| {
            let end = Timestamp::from_second(second).unwrap();
            FileName::DigestFile(DigestFileName { account, region, trail, home_region, end, backfill, compressed })
        },
    )
}

proptest! {
    // The same cases at every run.
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_parsing_agree(
        prefix in "([A-Za-z0-9!_.*'()-]{1,9}(/[A-Za-z0-9!_.*'()-]{1,9}){0,2})?",
        organization in prop::option::of("o-[a-z0-9]{10,32}"),
        file in prop_oneof![log_file(), digest_file()],
    ) {
        let organization = organization.map(|text| OrganizationId::parse(&text).unwrap());
        let key = Key { prefix, organization, file };
        prop_assert_eq!(Key::parse(&key.to_string()), Some(key));
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in ".{0,80}", name in "[0-9A-Za-z_.TZ-]{0,60}") {
        for text in [text.clone(), format!("{text}/{name}"), format!("111122223333_CloudTrail_eu-west-1_{name}.json")] {
            if let Some(key) = Key::parse(&text) {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
