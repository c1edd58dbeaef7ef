//! The one attack in every corpus, and the facts of it that an investigation must find.
//!
//! A build user's long-term key leaks and is used from a foreign address: it asks who it is, is refused almost
//! everywhere, then walks a chain of roles from the tooling account over staging into production. There it makes a user
//! of its own with full rights, fails to stop the trail, reads a bucket of customers' data object by object from a
//! second address, and deletes half of it.

use jiff::Timestamp;

use crate::config::Config;
use crate::dice::{Dice, label, mix, push_guid};
use crate::identity::{self, Caller, Role, SessionMarks};
use crate::organisation::{
    ACCOUNTS, HOME_REGION, KEY_USERS, LEAKED_USER, MANAGEMENT, PRODUCTION, REGIONS, SENSITIVE_BUCKET, STAGING, TOOLING,
    long_term_key, push_bucket,
};
use crate::plan::DAY;
use crate::record::{Record, RequestId, text_time, timestamp};
use crate::session::{Filed, Grant};

/// The parts of the attack, in order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Stage {
    /// First use of the leaked key from a foreign address.
    Leak,
    /// Calls that are refused, one service after the other.
    Enumeration,
    /// `AssumeRole` from account to account.
    Movement,
    /// A new user, its key and its policy.
    Persistence,
    /// The attempt to stop the trail.
    Evasion,
    /// Objects read in bulk.
    Exfiltration,
    /// Objects deleted.
    Destruction,
}

/// One role of the chain, as it was assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The role's account.
    pub account_id: String,
    /// ARN of the role.
    pub role_arn: String,
    /// ARN of the session.
    pub session_arn: String,
    /// The temporary key issued.
    pub access_key: String,
    /// Time of issue: `creationDate` of all that is done with the key.
    pub issued: Timestamp,
    /// The caller's copy of the record, then the role owner's if that is another account.
    pub event_ids: Vec<String>,
    /// The ID both copies share.
    pub shared_event_id: Option<String>,
}

/// One record of the attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The part of the attack it belongs to.
    pub stage: Stage,
    /// `eventName`.
    pub event_name: String,
    /// `eventID`.
    pub event_id: String,
    /// `eventTime`.
    pub time: Timestamp,
    /// `recipientAccountId`.
    pub account_id: String,
    /// The key used; empty in the role owner's copy of an `AssumeRole`.
    pub access_key: String,
    /// `sourceIPAddress`.
    pub address: String,
    /// `errorCode`, if the call was refused.
    pub error_code: Option<String>,
}

/// The facts of the attack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Name of the user whose key leaked; the same key is used from its usual address as well.
    pub user_name: String,
    /// ARN of that user.
    pub user_arn: String,
    /// The leaked long-term key.
    pub leaked_key: String,
    /// The attacker's addresses: that of the break-in, then that of the theft.
    pub addresses: [String; 2],
    /// The roles assumed, in order; the last is in production.
    pub chain: Vec<Hop>,
    /// Name of the user the attacker made, in the account of the last hop.
    pub backdoor_user_name: String,
    /// ARN of that user.
    pub backdoor_user_arn: String,
    /// Its long-term key.
    pub backdoor_key: String,
    /// The trail that was not stopped.
    pub trail_arn: String,
    /// The bucket of customers' data.
    pub bucket: String,
    /// Objects read from it.
    pub objects_read: u32,
    /// Objects deleted from it.
    pub objects_deleted: u32,
    /// The Region of all steps.
    pub region: String,
    /// All records of the attack, by time.
    pub steps: Vec<Step>,
}

impl Story {
    /// Returns the time of the first record of the attack.
    pub fn started(&self) -> Timestamp {
        self.steps.iter().map(|step| step.time).min().unwrap_or_default()
    }

    /// Returns the time of the last record of the attack.
    pub fn ended(&self) -> Timestamp {
        self.steps.iter().map(|step| step.time).max().unwrap_or_default()
    }

    /// Returns the steps of one part, by time.
    pub fn stage(&self, stage: Stage) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.stage == stage)
    }
}

/// The attack begins this long after midnight, two thirds into the corpus.
const BEGINNING: i64 = 2 * 3600 + 14 * 60 + 9;
const OBJECTS_MIN: u64 = 60;
const OBJECTS_MAX: u64 = 400;
const BYTES_PER_OBJECT: u64 = 1_000_000;

const ENTRY_ADDRESS: &str = "203.0.113.66";
const THEFT_ADDRESS: &str = "203.0.113.187";
const ENTRY_AGENT: &str = "aws-cli/2.15.41 Python/3.11.8 Linux/6.6.15-amd64 exe/x86_64.kali.2024 prompt/off command/";
const THEFT_AGENT: &str = "Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 os/linux#6.6.15-amd64 md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.69";
const BACKDOOR: &str = "svc-backup-sync";
/// The name of the organization's trail.
pub(crate) const TRAIL: &str = "organization-trail";
/// What is tried and refused: service, action, request parameters, name of the command.
const REFUSED: [(&str, &str, &str, &str); 16] = [
    ("iam", "GetAccountAuthorizationDetails", r#"{"maxItems":1000}"#, "iam.get-account-authorization-details"),
    ("iam", "ListUsers", "", "iam.list-users"),
    ("iam", "ListRoles", "", "iam.list-roles"),
    ("iam", "ListAccessKeys", "", "iam.list-access-keys"),
    ("iam", "ListAttachedUserPolicies", r#"{"userName":"artifact-sync"}"#, "iam.list-attached-user-policies"),
    ("iam", "GetAccountSummary", "", "iam.get-account-summary"),
    ("organizations", "ListAccounts", "", "organizations.list-accounts"),
    ("organizations", "DescribeOrganization", "", "organizations.describe-organization"),
    ("ec2", "DescribeInstances", r#"{"instancesSet":{},"filterSet":{}}"#, "ec2.describe-instances"),
    (
        "ec2",
        "DescribeSnapshots",
        r#"{"snapshotSet":{},"ownersSet":{},"sharedUsersSet":{},"filterSet":{}}"#,
        "ec2.describe-snapshots",
    ),
    ("secretsmanager", "ListSecrets", r#"{"includePlannedDeletion":false}"#, "secretsmanager.list-secrets"),
    ("ssm", "DescribeParameters", "", "ssm.describe-parameters"),
    ("lambda", "ListFunctions20150331", "", "lambda.list-functions"),
    ("rds", "DescribeDBInstances", "", "rds.describe-db-instances"),
    (
        "cloudtrail",
        "DescribeTrails",
        r#"{"trailNameList":[],"includeShadowTrails":true}"#,
        "cloudtrail.describe-trails",
    ),
    ("guardduty", "ListDetectors", "", "guardduty.list-detectors"),
];

/// Tells the story: its facts, and its records with their times.
pub(crate) fn tell(config: &Config, start: i64) -> (Story, Vec<(i64, Filed)>) {
    let seed = config.seed;
    let mut teller = Teller {
        dice: Dice::new(seed, &[label("story")]),
        seed,
        at: start + i64::from(config.days * 2 / 3) * DAY + BEGINNING,
        stage: Stage::Leak,
        steps: Vec::new(),
        filed: Vec::new(),
    };
    let user_name = KEY_USERS[LEAKED_USER].0;
    let leaked_key = long_term_key(seed, TOOLING, user_name);
    let user = identity::user(seed, TOOLING, user_name, &leaked_key).at(ENTRY_ADDRESS.to_owned(), "");
    teller.look_around(&user);
    let (chain, admin) = teller.walk_the_chain(&user);
    let (backdoor, backdoor_key) = teller.make_backdoor(&admin);
    let trail_arn = teller.try_to_stop_the_trail(&admin);
    let mut bucket = String::new();
    push_bucket(&mut bucket, seed, PRODUCTION, HOME_REGION, SENSITIVE_BUCKET);
    let objects_read = (OBJECTS_MIN + config.bytes / BYTES_PER_OBJECT).min(OBJECTS_MAX) as u32;
    let objects_deleted = objects_read / 2;
    teller.steal(&backdoor, &bucket, objects_read);
    teller.destroy(&backdoor, &bucket, objects_deleted);
    let story = Story {
        user_name: user_name.to_owned(),
        user_arn: user.arn,
        leaked_key,
        addresses: [ENTRY_ADDRESS.to_owned(), THEFT_ADDRESS.to_owned()],
        chain,
        backdoor_user_name: BACKDOOR.to_owned(),
        backdoor_user_arn: backdoor.arn,
        backdoor_key,
        trail_arn,
        bucket,
        objects_read,
        objects_deleted,
        region: REGIONS[HOME_REGION].name.to_owned(),
        steps: teller.steps,
    };
    (story, teller.filed)
}

struct Teller {
    dice: Dice,
    seed: u64,
    at: i64,
    stage: Stage,
    steps: Vec<Step>,
    filed: Vec<(i64, Filed)>,
}

impl Teller {
    /// Lets between `low` and `high` seconds pass.
    fn wait(&mut self, low: u32, high: u32) {
        self.at += i64::from(self.dice.between(low, high));
    }

    /// Files one call of the attacker.
    fn call(&mut self, caller: &Caller, service: &str, record: Record<'_>) {
        let mut event_id = String::new();
        self.dice.guid(&mut event_id);
        let source = format!("{service}.amazonaws.com");
        let region = REGIONS[HOME_REGION].name;
        let host = match service {
            "iam" => "iam.amazonaws.com".to_owned(),
            _ => format!("{service}.{region}.amazonaws.com"),
        };
        let record = Record {
            identity: &caller.identity,
            at: self.at,
            source: &source,
            region,
            address: &caller.address,
            agent: &caller.agent,
            event_id: &event_id,
            recipient: ACCOUNTS[caller.account].id,
            host: if record.host.is_empty() { &host } else { record.host },
            ..record
        };
        let mut text = String::with_capacity(2048);
        record.write(&mut text, &mut self.dice);
        self.steps.push(Step {
            stage: self.stage,
            event_name: record.name.to_owned(),
            event_id: event_id.clone(),
            time: timestamp(self.at),
            account_id: ACCOUNTS[caller.account].id.to_owned(),
            access_key: caller.key.clone(),
            address: caller.address.clone(),
            error_code: record.error.map(|(code, _)| code.to_owned()),
        });
        self.filed.push((self.at, Filed { account: caller.account, region: HOME_REGION, text }));
    }

    fn look_around(&mut self, user: &Caller) {
        let caller = with_command(user, "sts.get-caller-identity");
        self.call(&caller, "sts", Record { name: "GetCallerIdentity", ..Record::default() });
        self.stage = Stage::Enumeration;
        for (service, name, params, command) in REFUSED {
            self.wait(6, 24);
            let action = name.trim_end_matches(|c: char| c.is_ascii_digit());
            let code = match service {
                "ec2" => "Client.UnauthorizedOperation",
                "iam" | "rds" => "AccessDenied",
                _ => "AccessDeniedException",
            };
            let message = format!(
                "User: {} is not authorized to perform: {service}:{action} because no identity-based policy allows the \
                 {service}:{action} action",
                user.arn
            );
            let record = Record { name, params, error: Some((code, &message)), ..Record::default() };
            self.call(&with_command(user, command), service, record);
        }
    }

    fn walk_the_chain(&mut self, user: &Caller) -> (Vec<Hop>, Caller) {
        self.stage = Stage::Movement;
        self.wait(200, 400);
        let mut caller = with_command(user, "sts.assume-role");
        let mut chain = Vec::new();
        for (account, name) in [(TOOLING, "artifact-publisher"), (STAGING, "deployer"), (PRODUCTION, "platform-admin")]
        {
            let role = Role::new(self.seed, account, "/", name);
            let session = format!("botocore-session-{}", self.at);
            let grant = Grant {
                action: "AssumeRole",
                caller: &caller,
                role: &role,
                session: &session,
                seconds: 3600,
                more_params: "",
                more_response: "",
                region: HOME_REGION,
                at: self.at,
            };
            let granted = grant.write(&mut self.dice);
            for (position, filed) in granted.records.into_iter().enumerate() {
                self.steps.push(Step {
                    stage: self.stage,
                    event_name: "AssumeRole".to_owned(),
                    event_id: granted.event_ids[position].clone(),
                    time: timestamp(self.at),
                    account_id: ACCOUNTS[filed.account].id.to_owned(),
                    access_key: if position == 0 { caller.key.clone() } else { String::new() },
                    address: caller.address.clone(),
                    error_code: None,
                });
                self.filed.push((self.at, filed));
            }
            let next = identity::role_session(&role, &session, Some(&granted.key), self.at, SessionMarks::default());
            caller = with_command(&next.at(ENTRY_ADDRESS.to_owned(), ""), "sts.assume-role");
            chain.push(Hop {
                account_id: ACCOUNTS[account].id.to_owned(),
                role_arn: role.arn.clone(),
                session_arn: caller.arn.clone(),
                access_key: granted.key,
                issued: timestamp(self.at),
                event_ids: granted.event_ids,
                shared_event_id: granted.shared_id,
            });
            self.wait(15, 60);
            let asking = with_command(&caller, "sts.get-caller-identity");
            self.call(&asking, "sts", Record { name: "GetCallerIdentity", ..Record::default() });
            self.wait(20, 90);
        }
        (chain, caller)
    }

    fn make_backdoor(&mut self, admin: &Caller) -> (Caller, String) {
        self.stage = Stage::Persistence;
        let account = ACCOUNTS[PRODUCTION].id;
        let key = self.dice.access_key("AKIA");
        let backdoor = identity::user(self.seed, PRODUCTION, BACKDOOR, &key);
        let backdoor = backdoor.at(THEFT_ADDRESS.to_owned(), THEFT_AGENT);
        let params = format!("{{\"userName\":\"{BACKDOOR}\"}}");
        let mut now = String::new();
        text_time(&mut now, self.at);
        let response = format!(
            "{{\"user\":{{\"path\":\"/\",\"userName\":\"{BACKDOOR}\",\"userId\":\"{}\",\
             \"arn\":\"arn:aws:iam::{account}:user/{BACKDOOR}\",\"createDate\":\"{now}\"}}}}",
            backdoor.principal_id
        );
        let change = Record { read_only: false, ..Record::default() };
        let record = Record { name: "CreateUser", params: &params, response: &response, ..change.clone() };
        self.call(&with_command(admin, "iam.create-user"), "iam", record);
        self.wait(8, 30);
        let policy =
            format!("{{\"userName\":\"{BACKDOOR}\",\"policyArn\":\"arn:aws:iam::aws:policy/AdministratorAccess\"}}");
        let record = Record { name: "AttachUserPolicy", params: &policy, ..change.clone() };
        self.call(&with_command(admin, "iam.attach-user-policy"), "iam", record);
        self.wait(8, 30);
        now.clear();
        text_time(&mut now, self.at);
        let response = format!(
            "{{\"accessKey\":{{\"accessKeyId\":\"{key}\",\"status\":\"Active\",\"userName\":\"{BACKDOOR}\",\
             \"createDate\":\"{now}\"}}}}"
        );
        let record = Record { name: "CreateAccessKey", params: &params, response: &response, ..change };
        self.call(&with_command(admin, "iam.create-access-key"), "iam", record);
        (backdoor, key)
    }

    fn try_to_stop_the_trail(&mut self, admin: &Caller) -> String {
        self.stage = Stage::Evasion;
        self.wait(60, 180);
        let trail =
            format!("arn:aws:cloudtrail:{}:{}:trail/{TRAIL}", REGIONS[HOME_REGION].name, ACCOUNTS[MANAGEMENT].id);
        let params = format!("{{\"name\":\"{trail}\"}}");
        let message = format!(
            "User: {} is not authorized to perform: cloudtrail:StopLogging on resource: {trail} with an explicit deny in a \
             service control policy",
            admin.arn
        );
        let record = Record {
            name: "StopLogging",
            params: &params,
            error: Some(("AccessDeniedException", &message)),
            read_only: false,
            ..Record::default()
        };
        self.call(&with_command(admin, "cloudtrail.stop-logging"), "cloudtrail", record);
        trail
    }

    fn steal(&mut self, backdoor: &Caller, bucket: &str, objects: u32) {
        self.stage = Stage::Exfiltration;
        self.wait(600, 900);
        self.call(backdoor, "sts", Record { name: "GetCallerIdentity", ..Record::default() });
        self.wait(10, 40);
        let region = REGIONS[HOME_REGION].name;
        let params = format!("{{\"Host\":\"s3.{region}.amazonaws.com\"}}");
        let record = Record { name: "ListBuckets", params: &params, request_id: RequestId::Short, ..Record::default() };
        self.call(backdoor, "s3", record);
        self.wait(20, 80);
        self.touch(backdoor, bucket, "ListObjects", None);
        for number in 0..objects {
            self.wait(0, 3);
            self.touch(backdoor, bucket, "GetObject", Some(number));
        }
    }

    fn destroy(&mut self, backdoor: &Caller, bucket: &str, objects: u32) {
        self.stage = Stage::Destruction;
        self.wait(240, 600);
        for number in 0..objects {
            self.wait(0, 2);
            self.touch(backdoor, bucket, "DeleteObject", Some(number));
        }
    }

    /// Files one data event of the bucket; reading and deleting the same number is the same object.
    fn touch(&mut self, caller: &Caller, bucket: &str, name: &str, object: Option<u32>) {
        let host = format!("{bucket}.s3.{}.amazonaws.com", REGIONS[HOME_REGION].name);
        let owner = ACCOUNTS[PRODUCTION].id;
        let owner =
            format!("{{\"accountId\":\"{owner}\",\"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::{bucket}\"}}");
        let (params, resources) = match object {
            Some(number) => {
                let mut key = format!("customers/full-export/part-{number:05}-");
                let bits = mix(self.seed, &[label("customer export"), u64::from(number)]);
                push_guid(&mut key, bits, mix(bits, &[1]));
                key.push_str(".csv.gz");
                (
                    format!("{{\"bucketName\":\"{bucket}\",\"Host\":\"{host}\",\"key\":\"{key}\"}}"),
                    format!("[{{\"type\":\"AWS::S3::Object\",\"ARN\":\"arn:aws:s3:::{bucket}/{key}\"}},{owner}]"),
                )
            }
            None => (
                format!(
                    "{{\"list-type\":\"2\",\"bucketName\":\"{bucket}\",\"prefix\":\"customers/\",\"Host\":\"{host}\"}}"
                ),
                format!(
                    "[{{\"type\":\"AWS::S3::Object\",\"ARNPrefix\":\"arn:aws:s3:::{bucket}/customers/\"}},{owner}]"
                ),
            ),
        };
        let mut extra = String::from(
            "{\"SignatureVersion\":\"SigV4\",\"CipherSuite\":\"TLS_AES_128_GCM_SHA256\",\"bytesTransferredIn\":0,\
             \"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":\"",
        );
        self.dice.base64(&mut extra, 86);
        let sent = if name == "GetObject" { self.dice.between(4_000_000, 68_000_000) } else { 0 };
        extra.push_str(&format!("==\",\"bytesTransferredOut\":{sent}}}"));
        let record = Record {
            name,
            params: &params,
            resources: &resources,
            extra: &extra,
            host: &host,
            request_id: RequestId::Short,
            read_only: name != "DeleteObject",
            data: true,
            ..Record::default()
        };
        self.call(caller, "s3", record);
    }
}

fn with_command(caller: &Caller, command: &str) -> Caller {
    caller.clone().at(caller.address.clone(), &format!("{ENTRY_AGENT}{command}"))
}
