//! People at the console: sign-ins with and without MFA, failed ones, IAM Identity Center, and root's one visit.

use crate::dice::{Dice, label, mix, push_guid, push_hex};
use crate::identity::{self, Caller};
use crate::organisation::{
    ACCOUNTS, CONSOLE_USERS, HOME_REGION, MANAGEMENT, PEOPLE, REGIONS, account_of_user, person_address,
};
use crate::record::{EventType, Record, RequestId};
use crate::session::{Filed, browser};

const SIGN_IN: &str = "signin.amazonaws.com";
/// How many sign-ins of a thousand are preceded by failures.
const FAILURES_PERMILLE: u32 = 150;

/// Signs an IAM user in; returns the session, self-named and without an issuing record, and the records so far.
pub(crate) fn console(
    seed: u64,
    account: usize,
    region: usize,
    at: i64,
    dice: &mut Dice,
) -> Option<(Caller, Vec<Filed>)> {
    let here: Vec<&str> = CONSOLE_USERS.into_iter().filter(|name| account_of_user(name) == account).collect();
    if here.is_empty() {
        return None;
    }
    let name = *dice.pick(&here);
    let mfa = name != "contractor-jlee";
    let mut filed = Vec::new();
    let address = person_address(seed, label(name));
    let agent = browser(label(name));
    let signing = identity::user(seed, account, name, "").at(address.clone(), agent);
    if dice.chance(FAILURES_PERMILLE) {
        let attempts = dice.between(1, 4);
        for attempt in (1..=attempts).rev() {
            filed.push(login(&signing, region, at - 15 * i64::from(attempt), Attempt::Failure, dice));
        }
    }
    let success = if mfa { Attempt::WithMfa } else { Attempt::WithoutMfa };
    filed.push(login(&signing, region, at, success, dice));
    let key = dice.access_key("ASIA");
    let mut caller = identity::user_session(seed, account, name, &key, at, mfa).at(address, agent);
    caller.from_console = true;
    Some((caller, filed))
}

/// Returns the sign-in of somebody whose user name does not exist, as CloudTrail hides it.
pub(crate) fn unknown_user(account: usize, at: i64, dice: &mut Dice) -> Filed {
    let id = ACCOUNTS[account].id;
    let identity = format!(
        "{{\"type\":\"IAMUser\",\"accountId\":\"{id}\",\"accessKeyId\":\"\",\"userName\":\"HIDDEN_DUE_TO_SECURITY_REASONS\"}}"
    );
    let caller = Caller { identity, account, ..Caller::default() }
        .at(format!("192.0.2.{}", dice.between(1, 254)), browser(dice.bits()));
    login(&caller, HOME_REGION, at, Attempt::UnknownUser, dice)
}

/// Returns a sign-in at IAM Identity Center, recorded in the management account.
pub(crate) fn identity_center(seed: u64, at: i64, dice: &mut Dice) -> Filed {
    let number = u64::from(dice.below(PEOPLE.len() as u32));
    let bits = mix(seed, &[label("identity center"), number]);
    let (mut user_id, mut credential) = (String::new(), String::new());
    push_hex(&mut user_id, bits, 10);
    user_id.push('-');
    push_guid(&mut user_id, bits, mix(bits, &[1]));
    dice.guid(&mut credential);
    let caller = Caller {
        identity: identity::identity_center(MANAGEMENT, &user_id, &credential),
        account: MANAGEMENT,
        ..Caller::default()
    };
    let caller = caller.at(person_address(seed, number), browser(number));
    let extra = format!(
        "{{\"AuthWorkflowID\":\"{credential}\",\"LoginTo\":\"https://meridian.awsapps.com/start/\",\
         \"CredentialType\":\"{}\",\"UserName\":\"{}\"}}",
        if dice.chance(700) { "WEBAUTHN" } else { "TOTP" },
        PEOPLE[number as usize]
    );
    let record = Record {
        name: "UserAuthentication",
        extra: &extra,
        details: "{\"UserAuthentication\":\"Success\"}",
        event_type: EventType::ServiceEvent,
        request_id: RequestId::Absent,
        read_only: false,
        ..Record::default()
    };
    file(record, &caller, HOME_REGION, at, SIGN_IN, dice)
}

/// Returns the console's record of a change into another role, made in the second of the `AssumeRole`.
pub(crate) fn switch_role(role: &Caller, from_arn: &str, region: usize, at: i64, dice: &mut Dice) -> Filed {
    let extra = format!(
        "{{\"SwitchFrom\":\"{from_arn}\",\"RedirectTo\":\"https://{}.console.aws.amazon.com/console/home\"}}",
        REGIONS[region].name
    );
    let record = Record {
        name: "SwitchRole",
        response: "{\"SwitchRole\":\"Success\"}",
        extra: &extra,
        request_id: RequestId::Absent,
        event_type: EventType::ConsoleSignIn,
        read_only: false,
        ..Record::default()
    };
    file(record, role, region, at, SIGN_IN, dice)
}

/// Returns root's one visit: a sign-in with MFA, a look around, one change.
pub(crate) fn root_visit(seed: u64, at: i64) -> Vec<(i64, Filed)> {
    let mut dice = Dice::new(seed, &[label("root")]);
    let address = person_address(seed, label("root"));
    let signing = identity::root(MANAGEMENT, "", at).at(address.clone(), browser(0));
    let mut visit = vec![(at, login(&signing, HOME_REGION, at, Attempt::WithMfa, &mut dice))];
    let key = dice.access_key("ASIA");
    let mut caller = identity::root(MANAGEMENT, &key, at).at(address, browser(0));
    caller.from_console = true;
    let steps = [
        (20, "iam.amazonaws.com", "GetAccountSummary", true, ""),
        (45, "account.amazonaws.com", "GetContactInformation", true, ""),
        (130, "account.amazonaws.com", "PutAlternateContact", false, "{\"alternateContactType\":\"SECURITY\"}"),
    ];
    for (after, source, name, read_only, params) in steps {
        let record = Record { name, read_only, params, from_console: true, ..Record::default() };
        visit.push((at + after, file(record, &caller, HOME_REGION, at + after, source, &mut dice)));
    }
    visit
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    WithMfa,
    WithoutMfa,
    Failure,
    UnknownUser,
}

fn login(caller: &Caller, region: usize, at: i64, attempt: Attempt, dice: &mut Dice) -> Filed {
    let mut extra = String::from(
        "{\"LoginTo\":\"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&nc2=h_ct&oauthStart=",
    );
    extra.push_str(&(at * 1000 - i64::from(dice.below(60_000))).to_string());
    extra.push_str("&state=hashArgsFromTB_");
    extra.push_str(REGIONS[region].name);
    extra.push('_');
    dice.hex(&mut extra, 16);
    let used = if attempt == Attempt::WithMfa { "Yes" } else { "No" };
    extra.push_str(&format!("\",\"MobileVersion\":\"No\",\"MFAUsed\":\"{used}\"}}"));
    let (response, error) = match attempt {
        Attempt::WithMfa | Attempt::WithoutMfa => ("{\"ConsoleLogin\":\"Success\"}", None),
        Attempt::Failure => ("{\"ConsoleLogin\":\"Failure\"}", Some(("Failure", "Failed authentication"))),
        Attempt::UnknownUser => {
            ("{\"ConsoleLogin\":\"Failure\"}", Some(("Failure", "No username found in supplied account")))
        }
    };
    let record = Record {
        name: "ConsoleLogin",
        error,
        response,
        extra: &extra,
        request_id: RequestId::Absent,
        event_type: EventType::ConsoleSignIn,
        read_only: false,
        ..Record::default()
    };
    file(record, caller, region, at, SIGN_IN, dice)
}

/// Completes a record with its caller and place, and files it.
fn file(record: Record<'_>, caller: &Caller, region: usize, at: i64, source: &str, dice: &mut Dice) -> Filed {
    let mut event_id = String::new();
    dice.guid(&mut event_id);
    let host = match source {
        SIGN_IN => format!("{}.signin.aws.amazon.com", REGIONS[region].name),
        _ => source.to_owned(),
    };
    let mut text = String::with_capacity(2048);
    let record = Record {
        identity: &caller.identity,
        at,
        source,
        region: REGIONS[region].name,
        address: &caller.address,
        agent: &caller.agent,
        event_id: &event_id,
        recipient: ACCOUNTS[caller.account].id,
        host: &host,
        ..record
    };
    record.write(&mut text, dice);
    Filed { account: caller.account, region, text }
}
