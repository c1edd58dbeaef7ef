//! How temporary credentials come to be: each kind of session is issued by a record of its own, and everything done
//! with the key afterwards carries the time of that record as its `creationDate`.

use crate::catalogue::Catalogue;
use crate::dice::Dice;
use crate::identity::{self, Caller, Role, SessionMarks};
use crate::organisation::{
    ACCOUNTS, KEY_USERS, PEOPLE, PERMISSION_SETS, REGIONS, SECURITY, TOOLING, account_of_user, long_term_key,
    person_address, push_name, push_private_address,
};
use crate::record::{Record, text_time};

/// The kinds of session whose issuing is in the corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An instance's role, handed out by EC2.
    Instance,
    /// A container's role, handed out by ECS.
    Task,
    /// A function's role, handed out by Lambda.
    Function,
    /// A build at the code host, by web identity; in the tooling account only.
    Build,
    /// The build's deployment role in an account: the second link of a chain, over accounts.
    Deployment,
    /// A person through IAM Identity Center, by SAML.
    Person,
    /// The scanner of the security account, in an account: also a chain.
    Audit,
    /// An IAM user at the console who switched into a role of another account.
    Switched,
    /// A user's own session, from `GetSessionToken` with MFA.
    UserToken,
}

/// Temporary credentials in use.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) kind: Kind,
    pub(crate) caller: Caller,
    pub(crate) born: i64,
    pub(crate) expires: i64,
    pub(crate) repertoire: usize,
}

/// A record and the folder it belongs to.
pub(crate) struct Filed {
    pub(crate) account: usize,
    pub(crate) region: usize,
    pub(crate) text: String,
}

/// Where and when a session is issued.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) seed: u64,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) account: usize,
    pub(crate) region: usize,
    pub(crate) at: i64,
}

/// A call to STS that succeeds.
pub(crate) struct Grant<'a> {
    pub(crate) action: &'a str,
    /// Identity, address and software of whoever asks.
    pub(crate) caller: &'a Caller,
    pub(crate) role: &'a Role,
    pub(crate) session: &'a str,
    pub(crate) seconds: u32,
    /// Members of `requestParameters` and of `responseElements` that only some actions have; each starts with a comma.
    pub(crate) more_params: &'a str,
    pub(crate) more_response: &'a str,
    pub(crate) region: usize,
    pub(crate) at: i64,
}

/// What came of a [`Grant`].
pub(crate) struct Granted {
    pub(crate) key: String,
    /// The caller's copy, then the role owner's where that is another account.
    pub(crate) records: Vec<Filed>,
    pub(crate) event_ids: Vec<String>,
    pub(crate) shared_id: Option<String>,
}

/// Length of a session token, in characters of base64; real ones vary, mostly above 300.
const TOKEN_LENGTHS: (u32, u32) = (360, 640);
const GITHUB: &str = "token.actions.githubusercontent.com";

const BOTO: [&str; 3] = [
    "Boto3/1.34.144 md/Botocore#1.34.144 ua/2.0 os/linux#5.10.226-214.880.amzn2.x86_64 md/arch#x86_64 lang/python#3.12.4 md/pyimpl#CPython cfg/retry-mode#standard Botocore/1.34.144",
    "Boto3/1.35.36 md/Botocore#1.35.36 ua/2.0 os/linux#6.1.109-118.189.amzn2023.aarch64 md/arch#aarch64 lang/python#3.11.10 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.35.36",
    "Boto3/1.28.85 md/Botocore#1.31.85 ua/2.0 os/linux#5.10.228-219.884.amzn2int.x86_64 md/arch#x86_64 lang/python#3.9.20 md/pyimpl#CPython exec-env/AWS_Lambda_python3.9 Botocore/1.31.85",
];
const SERVERS: [&str; 6] = [
    "aws-sdk-java/2.25.60 Linux/5.10.219-208.866.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/21.0.3+9-LTS Java/21.0.3 kotlin/1.9.23 vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/legacy",
    "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#arm64 api/dynamodb#1.34.4",
    "aws-sdk-js/3.614.0 ua/2.1 os/linux#5.10.220-229.867.amzn2.x86_64 lang/js md/nodejs#20.15.1 api/s3#3.614.0 exec-env/AWS_ECS_FARGATE m/E",
    "aws-sdk-rust/1.3.3 ua/2.1 api/s3#1.42.0 os/linux lang/rust#1.79.0 m/E,b",
    "aws-sdk-go/1.55.5 (go1.22.6; linux; amd64) S3Manager",
    "aws-sdk-dotnet-coreclr/3.7.305.7 ua/2.0 os/linux#5.10.0.0 md/ARCH#X64 lang/.NET_Core#8.0.7 md/aws-sdk-dotnet-core#3.7.304.15 cfg/retry-mode#legacy md/ClientAsync",
];
const AGENTS: [&str; 2] = [
    "aws-sdk-go/1.51.0 (go1.21.8; linux; amd64) amazon-ssm-agent/3.3.551.0",
    "aws-sdk-go/1.48.4 (go1.21.9; linux; amd64) amazon-cloudwatch-agent/1.300039.0b612",
];
const TERRAFORM: [&str; 2] = [
    "APN/1.0 HashiCorp/1.0 Terraform/1.8.5 (+https://www.terraform.io) terraform-provider-aws/5.58.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.30.1 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64",
    "aws-sdk-js/3.616.0 ua/2.1 os/linux#6.5.0-1024-azure lang/js md/nodejs#20.15.1 api/sts#3.616.0 configure-aws-credentials-for-github-actions",
];
const BROWSERS: [&str; 4] = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Safari/537.36 Edg/127.0.0.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
];
const PERSON_TOOLS: [&str; 3] = [
    "aws-cli/2.17.20 md/awscrt#0.20.11 ua/2.0 os/macos#23.5.0 md/arch#arm64 lang/python#3.11.9 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#ec2.describe-instances",
    "AWS Internal/3 aws-sdk-java/1.12.750 Linux/5.10.220-187.867.amzn2int.x86_64 OpenJDK_64-Bit_Server_VM/17.0.11+10-LTS java/17.0.11 vendor/Amazon.com_Inc. cfg/retry-mode/standard",
    "aws-toolkit-vscode/3.14.0 Visual-Studio-Code/1.91.1 ClientId/6f5c1f3a-3f0e-4a64-9d49-3a3f7f0f3b51",
];

/// Returns the browser a person uses.
pub(crate) fn browser(number: u64) -> &'static str {
    BROWSERS[(number % BROWSERS.len() as u64) as usize]
}

/// Issues a session; `parent` is who a chain starts from, and is needed for those kinds only.
pub(crate) fn issue(kind: Kind, moment: Moment<'_>, parent: Option<&Caller>, dice: &mut Dice) -> (Session, Vec<Filed>) {
    match kind {
        Kind::Instance | Kind::Task | Kind::Function => workload(kind, moment, dice),
        Kind::Build => build(moment, dice),
        Kind::Person => person(moment, dice),
        Kind::UserToken => user_token(moment, dice),
        Kind::Deployment | Kind::Audit | Kind::Switched => {
            chain(kind, moment, parent.expect("a chain has a parent"), dice)
        }
    }
}

impl Grant<'_> {
    /// Writes the records of the call.
    pub(crate) fn write(&self, dice: &mut Dice) -> Granted {
        let key = dice.access_key("ASIA");
        let (owner, role, session) = (self.role.account, self.role, self.session);
        let crosses = owner != self.caller.account || self.caller.is_service;
        let mut shared_id = String::new();
        if crosses {
            dice.guid(&mut shared_id);
        }
        let params = format!(
            "{{\"roleArn\":\"{}\",\"roleSessionName\":\"{session}\",\"durationSeconds\":{}{}}}",
            role.arn, self.seconds, self.more_params
        );
        let response = format!(
            "{{\"credentials\":{},\"assumedRoleUser\":{{\"assumedRoleId\":\"{}:{session}\",\"arn\":\"{}\"}}{}}}",
            credentials(&key, self.at + i64::from(self.seconds), dice),
            role.id,
            role.session_arn(session),
            self.more_response
        );
        let resources = format!(
            "[{{\"accountId\":\"{}\",\"type\":\"AWS::IAM::Role\",\"ARN\":\"{}\"}}]",
            ACCOUNTS[owner].id, role.arn
        );
        let host = format!("sts.{}.amazonaws.com", REGIONS[self.region].name);
        let base = Record {
            identity: &self.caller.identity,
            at: self.at,
            source: "sts.amazonaws.com",
            name: self.action,
            region: REGIONS[self.region].name,
            address: &self.caller.address,
            agent: &self.caller.agent,
            params: &params,
            response: &response,
            resources: &resources,
            recipient: ACCOUNTS[self.caller.account].id,
            shared_id: &shared_id,
            endpoint: &self.caller.endpoint,
            host: if self.caller.is_service { "" } else { &host },
            ..Record::default()
        };
        let mut granted = Granted { key, records: Vec::new(), event_ids: Vec::new(), shared_id: None };
        granted.file(&base, self.caller.account, self.region, dice);
        if crosses && !self.caller.is_service {
            let seen = identity::foreign(&self.caller.principal_id, ACCOUNTS[self.caller.account].id);
            let copy = Record { identity: &seen, recipient: ACCOUNTS[owner].id, endpoint: "", ..base };
            granted.file(&copy, owner, self.region, dice);
        }
        granted.shared_id = Some(shared_id).filter(|id| !id.is_empty());
        granted
    }
}

impl Granted {
    fn file(&mut self, record: &Record<'_>, account: usize, region: usize, dice: &mut Dice) {
        let mut event_id = String::new();
        dice.guid(&mut event_id);
        let mut text = String::with_capacity(2048);
        Record { event_id: &event_id, ..record.clone() }.write(&mut text, dice);
        self.records.push(Filed { account, region, text });
        self.event_ids.push(event_id);
    }
}

fn credentials(key: &str, expires: i64, dice: &mut Dice) -> String {
    let mut json = format!("{{\"accessKeyId\":\"{key}\",\"sessionToken\":\"IQoJb3JpZ2luX2Vj");
    let (shortest, longest) = TOKEN_LENGTHS;
    let length = dice.between(shortest, longest) as usize;
    dice.base64(&mut json, length);
    json.push_str("==\",\"expiration\":\"");
    text_time(&mut json, expires);
    json.push_str("\"}");
    json
}

fn workload(kind: Kind, moment: Moment<'_>, dice: &mut Dice) -> (Session, Vec<Filed>) {
    let Moment { seed, account, region, at, .. } = moment;
    let mut thing = String::new();
    push_name(&mut thing, kind as u64 + 11, dice.below(90));
    let (principal, suffix, repertoire, seconds) = match kind {
        Kind::Instance => ("ec2.amazonaws.com", "instance", "workload", 21_600),
        Kind::Task => ("ecs-tasks.amazonaws.com", "task", "workload", 21_600),
        _ => ("lambda.amazonaws.com", "exec", "function", 43_200),
    };
    let role = Role::new(seed, account, "/", &format!("{thing}-{suffix}"));
    let mut session = String::new();
    match kind {
        Kind::Instance => {
            session.push_str("i-0");
            dice.hex(&mut session, 16);
        }
        Kind::Task => dice.hex(&mut session, 32),
        _ => session.push_str(&thing),
    }
    let caller = identity::service(account, principal);
    let grant = Grant {
        action: "AssumeRole",
        caller: &caller,
        role: &role,
        session: &session,
        seconds,
        more_params: "",
        more_response: "",
        region,
        at,
    };
    let granted = grant.write(dice);
    let function_arn = format!("arn:aws:lambda:{}:{}:function:{thing}", REGIONS[region].name, ACCOUNTS[account].id);
    let marks = SessionMarks {
        ec2_role_delivery: (kind == Kind::Instance).then_some(if dice.chance(900) { "2.0" } else { "1.0" }),
        function_arn: (kind == Kind::Function).then_some(function_arn.as_str()),
        ..SessionMarks::default()
    };
    let agent = match kind {
        Kind::Instance if dice.chance(250) => *dice.pick(&AGENTS),
        Kind::Function => *dice.pick(&BOTO),
        _ => *dice.pick(&SERVERS),
    };
    let mut address = String::new();
    push_private_address(&mut address, account, dice.bits());
    let mut caller = identity::role_session(&role, &session, Some(&granted.key), at, marks).at(address, agent);
    caller.endpoint.push_str("vpce-0");
    crate::dice::push_hex(&mut caller.endpoint, crate::dice::mix(seed, &[account as u64, region as u64]), 16);
    (Session::new(kind, moment, caller, repertoire, seconds), granted.records)
}

fn build(moment: Moment<'_>, dice: &mut Dice) -> (Session, Vec<Filed>) {
    let Moment { seed, region, at, .. } = moment;
    let role = Role::new(seed, TOOLING, "/", "github-actions");
    let mut repository = String::new();
    push_name(&mut repository, 5, dice.below(60));
    let subject = format!("repo:meridian-example/{repository}:ref:refs/heads/main");
    let provider = format!("arn:aws:iam::{}:oidc-provider/{GITHUB}", ACCOUNTS[TOOLING].id);
    let session = format!("gha-{}", dice.between(1_000_000_000, 2_000_000_000));
    let address = format!("192.0.2.{}", dice.between(1, 254));
    let caller = Caller {
        identity: identity::web(&provider, "sts.amazonaws.com", &subject),
        account: TOOLING,
        ..Caller::default()
    }
    .at(address.clone(), TERRAFORM[1]);
    let more_response = format!(
        ",\"subjectFromWebIdentityToken\":\"{subject}\",\"provider\":\"{provider}\",\"audience\":\"sts.amazonaws.com\""
    );
    let grant = Grant {
        action: "AssumeRoleWithWebIdentity",
        caller: &caller,
        role: &role,
        session: &session,
        seconds: 3600,
        more_params: "",
        more_response: &more_response,
        region,
        at,
    };
    let granted = grant.write(dice);
    let marks = SessionMarks { federated_provider: Some(&provider), ..SessionMarks::default() };
    let caller = identity::role_session(&role, &session, Some(&granted.key), at, marks).at(address, TERRAFORM[0]);
    (Session::new(Kind::Build, moment, caller, "deployment", 3600), granted.records)
}

fn chain(kind: Kind, moment: Moment<'_>, parent: &Caller, dice: &mut Dice) -> (Session, Vec<Filed>) {
    let Moment { seed, account, region, at, .. } = moment;
    let (name, repertoire) = match kind {
        Kind::Deployment => ("deployer", "deployment"),
        Kind::Switched => ("support-engineer", "engineer"),
        _ => ("organization-audit", "auditor"),
    };
    let role = Role::new(seed, account, "/", name);
    // The console names the session after the user who switches.
    let session = match (kind, parent.arn.rsplit_once('/')) {
        (Kind::Switched, Some((_, user))) => user.to_owned(),
        _ => format!("{name}-{}", dice.between(100_000, 999_999)),
    };
    let more_params = if kind == Kind::Switched { "" } else { ",\"externalId\":\"meridian\"" };
    let grant = Grant {
        action: "AssumeRole",
        caller: parent,
        role: &role,
        session: &session,
        seconds: 3600,
        more_params,
        more_response: "",
        region,
        at,
    };
    let granted = grant.write(dice);
    let marks = SessionMarks { mfa: kind == Kind::Switched, ..SessionMarks::default() };
    let mut caller = identity::role_session(&role, &session, Some(&granted.key), at, marks)
        .at(parent.address.clone(), &parent.agent);
    caller.from_console = kind == Kind::Switched;
    (Session::new(kind, moment, caller, repertoire, 3600), granted.records)
}

fn person(moment: Moment<'_>, dice: &mut Dice) -> (Session, Vec<Filed>) {
    let Moment { seed, account, region, at, .. } = moment;
    let number = u64::from(dice.below(PEOPLE.len() as u32));
    let set = crate::dice::scale_skewed(dice.bits(), PERMISSION_SETS.len() as u32) as usize;
    let subject = format!("{}@meridian.example", PEOPLE[number as usize]);
    let role_id = crate::dice::mix(seed, &[account as u64, set as u64]);
    let path = "/aws-reserved/sso.amazonaws.com/";
    let role = Role::new(seed, account, path, &format!("AWSReservedSSO_{}_{role_id:016x}", PERMISSION_SETS[set]));
    let provider =
        format!("arn:aws:iam::{}:saml-provider/AWSSSO_{:016x}_DO_NOT_DELETE", ACCOUNTS[account].id, role_id ^ 1);
    let mut qualifier = String::new();
    dice.base64(&mut qualifier, 27);
    qualifier.push('=');
    let address = person_address(seed, number);
    let caller = Caller { identity: identity::saml(&qualifier, &subject), account, ..Caller::default() }
        .at(address.clone(), browser(number));
    // Some permission sets pass on who the person is; it then stays with the session for good.
    let source_identity = (set % 2 == 1).then_some(subject.as_str());
    let passed_on = source_identity.map(|who| format!(",\"sourceIdentity\":\"{who}\"")).unwrap_or_default();
    let more_params = format!(",\"principalArn\":\"{provider}\"{passed_on}");
    let more_response = format!(
        ",\"subject\":\"{subject}\",\"subjectType\":\"persistent\",\"issuer\":\"https://portal.sso.us-east-1.amazonaws.com/saml/assertion\",\
         \"audience\":\"https://signin.aws.amazon.com/saml\",\"nameQualifier\":\"{qualifier}\"{passed_on}"
    );
    let grant = Grant {
        action: "AssumeRoleWithSAML",
        caller: &caller,
        role: &role,
        session: &subject,
        seconds: 43_200,
        more_params: &more_params,
        more_response: &more_response,
        region,
        at,
    };
    let granted = grant.write(dice);
    let from_console = dice.chance(700);
    let agent = if from_console { browser(number) } else { *dice.pick(&PERSON_TOOLS) };
    let marks = SessionMarks { source_identity, ..SessionMarks::default() };
    let mut caller = identity::role_session(&role, &subject, Some(&granted.key), at, marks).at(address, agent);
    caller.from_console = from_console;
    let repertoire = if PERMISSION_SETS[set] == "DataAnalyst" { "analyst" } else { "engineer" };
    (Session::new(Kind::Person, moment, caller, repertoire, 43_200), granted.records)
}

fn user_token(moment: Moment<'_>, dice: &mut Dice) -> (Session, Vec<Filed>) {
    let Moment { seed, region, at, .. } = moment;
    let (name, repertoire, agent) = *dice.pick(&KEY_USERS[1..]);
    let account = account_of_user(name);
    let asking = identity::user(seed, account, name, &long_term_key(seed, account, name))
        .at(person_address(seed, crate::dice::label(name)), agent);
    let key = dice.access_key("ASIA");
    let params =
        format!("{{\"serialNumber\":\"arn:aws:iam::{}:mfa/{name}\",\"durationSeconds\":3600}}", ACCOUNTS[account].id);
    let response = format!("{{\"credentials\":{}}}", credentials(&key, at + 3600, dice));
    let mut event_id = String::new();
    dice.guid(&mut event_id);
    let mut text = String::with_capacity(2048);
    let record = Record {
        identity: &asking.identity,
        at,
        source: "sts.amazonaws.com",
        name: "GetSessionToken",
        region: REGIONS[region].name,
        address: &asking.address,
        agent,
        params: &params,
        response: &response,
        event_id: &event_id,
        recipient: ACCOUNTS[account].id,
        host: "sts.amazonaws.com",
        ..Record::default()
    };
    record.write(&mut text, dice);
    let caller = identity::user_session(seed, account, name, &key, at, true).at(asking.address.clone(), agent);
    let filed = Filed { account, region, text };
    (Session::new(Kind::UserToken, Moment { account, ..moment }, caller, repertoire, 3600), vec![filed])
}

impl Session {
    fn new(kind: Kind, moment: Moment<'_>, caller: Caller, repertoire: &str, seconds: u32) -> Self {
        Self {
            kind,
            caller,
            born: moment.at,
            expires: moment.at + i64::from(seconds),
            repertoire: moment.catalogue.repertoire(repertoire),
        }
    }

    /// Returns the kind of session a chain of this kind starts from, and the account it lives in.
    pub(crate) fn parent_of(kind: Kind) -> Option<(Kind, usize)> {
        match kind {
            Kind::Deployment => Some((Kind::Build, TOOLING)),
            Kind::Audit => Some((Kind::Task, SECURITY)),
            _ => None,
        }
    }
}
