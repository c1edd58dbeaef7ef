//! The believable organisation: accounts, Regions, people, users, addresses, and the names of what they own.
//!
//! Account IDs, the organisation's ID, domains and addresses are those set aside for documentation (RFC 5737,
//! RFC 2606): no record can point at a real company. Names of resources are computed from their number, never stored.

use crate::dice::{label, mix, push_base32, push_hex};

/// The ID of the organisation, part of every key in the bucket.
pub(crate) const ORGANIZATION_ID: &str = "o-exampleorgid";
/// The Region of global services and of the attack.
pub(crate) const HOME_REGION: usize = 0;
/// The number of buckets one account owns in one Region.
pub(crate) const BUCKETS_PER_CELL: u32 = 42;
/// The number of the bucket with customers' data, in production's home Region.
pub(crate) const SENSITIVE_BUCKET: u32 = 3;

/// One account of the organisation.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: &'static str,
    /// The short name of its stage, part of the names of its resources.
    pub(crate) stage: &'static str,
    pub(crate) weight: u32,
}

/// The management account: organisation, billing, IAM Identity Center.
pub(crate) const MANAGEMENT: usize = 0;
/// Production.
pub(crate) const PRODUCTION: usize = 1;
/// Staging and development.
pub(crate) const STAGING: usize = 2;
/// Build servers, artifacts, shared tools.
pub(crate) const TOOLING: usize = 3;
/// Audit and log archive.
pub(crate) const SECURITY: usize = 4;

/// All accounts; the constants above are positions in this list.
pub(crate) const ACCOUNTS: [Account; 5] = [
    Account { id: "111122223333", stage: "mgmt", weight: 7 },
    Account { id: "444455556666", stage: "prod", weight: 46 },
    Account { id: "123456789012", stage: "staging", weight: 20 },
    Account { id: "777788889999", stage: "tooling", weight: 16 },
    Account { id: "999988887777", stage: "security", weight: 11 },
];

/// One Region in use.
#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) name: &'static str,
    pub(crate) short: &'static str,
    pub(crate) weight: u32,
}

/// All Regions; [`HOME_REGION`] is a position in this list.
pub(crate) const REGIONS: [Region; 6] = [
    Region { name: "us-east-1", short: "use1", weight: 42 },
    Region { name: "us-west-2", short: "usw2", weight: 14 },
    Region { name: "eu-west-1", short: "euw1", weight: 20 },
    Region { name: "eu-central-1", short: "euc1", weight: 12 },
    Region { name: "ap-southeast-2", short: "apse2", weight: 7 },
    Region { name: "sa-east-1", short: "sae1", weight: 5 },
];

/// The people who sign in through IAM Identity Center; their session name is `<name>@meridian.example`.
pub(crate) const PEOPLE: [&str; 28] = [
    "amara.osei",
    "anders.lindqvist",
    "beatriz.carvalho",
    "chen.wei",
    "clara.dubois",
    "daniel.novak",
    "elif.yilmaz",
    "emeka.adeyemi",
    "farah.haddad",
    "freya.johansen",
    "gabriel.moreau",
    "hana.kobayashi",
    "ines.ferreira",
    "isaac.thornton",
    "jonas.weber",
    "kavya.raman",
    "leila.benali",
    "liam.gallagher",
    "mateus.oliveira",
    "mei.tanaka",
    "nadia.petrova",
    "noah.fischer",
    "olivia.martin",
    "priya.nair",
    "rafael.ortega",
    "samuel.mensah",
    "sofia.rossi",
    "tomasz.kowalski",
];

/// The permission sets of IAM Identity Center, the commonest first.
pub(crate) const PERMISSION_SETS: [&str; 5] =
    ["ReadOnlyAccess", "PowerUserAccess", "DataAnalyst", "BillingViewer", "AdministratorAccess"];

/// IAM users with a password, from the time before IAM Identity Center.
pub(crate) const CONSOLE_USERS: [&str; 6] =
    ["ops-breakglass", "marek.dvorak", "yuki.sato", "contractor-jlee", "finance-viewer", "dba-oncall"];

/// IAM users with a long-term key: their name, the persona that names their repertoire, the software they run.
pub(crate) const KEY_USERS: [(&str, &str, &str); 8] = [
    (
        "artifact-sync",
        "integration",
        "aws-cli/2.15.30 Python/3.11.8 Linux/5.15.0-105-generic exe/x86_64.ubuntu.22 prompt/off",
    ),
    (
        "metrics-exporter",
        "observer",
        "yet-another-cloudwatch-exporter/0.61.2 aws-sdk-go/1.53.5 (go1.22.3; linux; amd64)",
    ),
    ("legacy-billing-export", "integration", "Boto3/1.26.165 Python/3.8.17 Linux/5.4.0-150-generic Botocore/1.29.165"),
    (
        "backup-agent",
        "integration",
        "aws-sdk-java/1.12.488 Linux/5.10.184-175.731.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.8+7-LTS java/1.8.0_372 vendor/Amazon.com_Inc. cfg/retry-mode/standard",
    ),
    (
        "warehouse-loader",
        "analyst",
        "Boto3/1.34.103 md/Botocore#1.34.103 ua/2.0 os/linux#6.1.84-99.169.amzn2023.x86_64 md/arch#x86_64 lang/python#3.11.9 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.103",
    ),
    ("mail-relay", "integration", "aws-sdk-php/3.307.1 OS/Linux#5.15.0-1060-aws lang/php#8.2.18 GuzzleHttp/7"),
    ("uptime-probe", "observer", "aws-sdk-nodejs/2.1621.0 linux/v20.13.1 promise"),
    ("dns-updater", "observer", "rclone/v1.66.0 aws-sdk-go/1.52.4 (go1.22.1; linux; arm64)"),
];

/// The user whose key leaks, by position in [`KEY_USERS`]; it lives in the tooling account.
pub(crate) const LEAKED_USER: usize = 0;

/// What the company's software is about; with a noun it names a resource.
const TEAMS: [&str; 16] = [
    "orders",
    "payments",
    "catalog",
    "loyalty",
    "search",
    "shipping",
    "identity",
    "billing",
    "fraud",
    "pricing",
    "inventory",
    "notify",
    "analytics",
    "mobile",
    "partner",
    "platform",
];
const NOUNS: [&str; 20] = [
    "ingest",
    "api",
    "worker",
    "events",
    "cache",
    "reports",
    "archive",
    "gateway",
    "scheduler",
    "ledger",
    "export",
    "sync",
    "audit",
    "stream",
    "index",
    "assets",
    "sessions",
    "snapshots",
    "metrics",
    "router",
];

/// The most names of one kind.
pub(crate) const NAMES_MAX: u32 = (TEAMS.len() * NOUNS.len()) as u32;

/// Appends the name of a resource: team and noun, in an order of its own for each kind.
pub(crate) fn push_name(out: &mut String, kind: u64, index: u32) {
    let (teams, nouns) = (TEAMS.len() as u64, NOUNS.len() as u64);
    let shuffled = u64::from(index) + kind % (teams * nouns);
    let noun = (shuffled / teams + kind) % nouns;
    out.push_str(TEAMS[(shuffled % teams) as usize]);
    out.push('-');
    out.push_str(NOUNS[noun as usize]);
}

/// Appends the name of a bucket; names are unique over all accounts and Regions.
pub(crate) fn push_bucket(out: &mut String, seed: u64, account: usize, region: usize, index: u32) {
    out.push_str("meridian-");
    out.push_str(ACCOUNTS[account].stage);
    out.push('-');
    if account == PRODUCTION && region == HOME_REGION && index == SENSITIVE_BUCKET {
        out.push_str("customer-exports");
    } else {
        push_name(out, mix(label("bucket"), &[account as u64, region as u64]), index);
    }
    out.push('-');
    out.push_str(REGIONS[region].short);
    out.push('-');
    push_hex(out, mix(seed, &[label("bucket"), account as u64, region as u64, u64::from(index)]), 6);
}

/// Returns the unique ID of an IAM entity: `AROA`, `AIDA` and so on, then 17 of `A-Z2-7`.
pub(crate) fn unique_id(seed: u64, prefix: &str, account: usize, name: &str) -> String {
    let mut id = String::with_capacity(21);
    id.push_str(prefix);
    push_base32(&mut id, mix(seed, &[label(prefix), account as u64, label(name)]), 17);
    id
}

/// Returns the long-term access key of an IAM user.
pub(crate) fn long_term_key(seed: u64, account: usize, user: &str) -> String {
    let mut key = String::from("AKIA");
    push_base32(&mut key, mix(seed, &[label("access key"), account as u64, label(user)]), 16);
    key
}

/// Returns the account an IAM user lives in.
pub(crate) fn account_of_user(user: &str) -> usize {
    match user {
        "artifact-sync" | "contractor-jlee" => TOOLING,
        "legacy-billing-export" | "finance-viewer" | "ops-breakglass" => MANAGEMENT,
        "mail-relay" | "yuki.sato" => STAGING,
        _ => PRODUCTION,
    }
}

/// Returns the address a person works from: an office, or home, or now and then IPv6; the same for the same number.
pub(crate) fn person_address(seed: u64, who: u64) -> String {
    let bits = mix(seed, &[label("address"), who]);
    match bits % 10 {
        0..6 => format!("198.51.100.{}", 10 + bits / 16 % 6),
        6..9 => format!("192.0.2.{}", 1 + bits / 16 % 254),
        _ => format!("2001:db8:{:x}:{:x}::{:x}", bits >> 16 & 0xfff, bits >> 32 & 0xffff, 1 + (bits >> 48 & 0xff)),
    }
}

/// Appends a private address of a workload.
pub(crate) fn push_private_address(out: &mut String, account: usize, bits: u64) {
    let parts = [10, 16 * account as u64 + bits % 8, bits >> 8 & 0xff, 4 + (bits >> 16) % 250];
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            out.push('.');
        }
        out.push_str(&part.to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn bucket_names_are_unique_and_legal() {
        let mut seen = HashSet::new();
        for account in 0..ACCOUNTS.len() {
            for region in 0..REGIONS.len() {
                for index in 0..BUCKETS_PER_CELL {
                    let mut name = String::new();
                    push_bucket(&mut name, 7, account, region, index);
                    assert!((3..=63).contains(&name.len()), "{name}");
                    assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
                    assert!(seen.insert(name.clone()), "{name} twice");
                }
            }
        }
        assert!(seen.len() >= 1_000, "{}", seen.len());
    }

    #[test]
    fn names_of_a_kind_are_distinct() {
        let names: HashSet<String> = (0..NAMES_MAX)
            .map(|index| {
                let mut name = String::new();
                push_name(&mut name, label("queue"), index);
                name
            })
            .collect();
        assert_eq!(names.len(), NAMES_MAX as usize);
    }
}
