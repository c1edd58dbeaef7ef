//! One day of the organisation, delivery by delivery: spells of activity in an account and Region, made of bursts by
//! one actor each. A day depends on the seed and its own number only, so days can be made in any order, on any thread.

use crate::catalogue::{Call, LINKED_ROLES, refusal};
use crate::delivery::{Delivery, LogFile, Totals};
use crate::dice::{Dice, label};
use crate::error::Error;
use crate::identity::{self, Caller, Role, SessionMarks};
use crate::organisation::{
    ACCOUNTS, HOME_REGION, KEY_USERS, MANAGEMENT, PRODUCTION, REGIONS, STAGING, account_of_user, long_term_key,
    person_address,
};
use crate::plan::{DAY, HOURS, PEOPLE_BY_HOUR, Plan, SLOT, SLOTS};
use crate::record::{EventType, Record, RequestId};
use crate::session::{Filed, Kind, Moment, Session, issue};
use crate::shift::{Actor, SHIFTS};
use crate::signin;
use crate::template::{DRAWS, Scene};

/// Records of a spell: one of these, so about 60 in the mean; rarely a flood.
const SPELLS: [u32; 18] = [5, 7, 9, 12, 16, 20, 25, 30, 36, 42, 50, 60, 70, 85, 105, 135, 190, 380];
const FLOODS_PERMILLE: u32 = 8;
const FLOOD_FACTOR: u32 = 6;
/// Mean length of a record, only to keep the last spell within the day's bytes.
const RECORD_BYTES_MEAN: u64 = 1_500;
/// A file waits for this many records, or for two more deliveries.
const FILE_RECORDS_MIN: u64 = 12;
const DELIVERIES_MAX: usize = 2;
/// Sessions kept per account: the oldest are forgotten first.
const SESSIONS_MAX: usize = 48;
/// How many bursts of a thousand start with new credentials.
const NEW_SESSION_PERMILLE: u32 = 820;
/// How many bursts of a thousand at the console end in another role.
const SWITCHES_PERMILLE: u32 = 40;
const ERRORS_PERMILLE: u32 = 32;
/// How many calls of a thousand that read an encrypted thing make the service decrypt it in the caller's name.
const FORWARDED_PERMILLE: u32 = 350;

struct Cell {
    file: LogFile,
    opened: usize,
}

struct ConsoleSession {
    caller: Caller,
    born: i64,
}

struct Day<'a> {
    plan: &'a Plan,
    dice: Dice,
    start: i64,
    cells: Vec<Cell>,
    sessions: Vec<Vec<Session>>,
    consoles: Vec<Option<ConsoleSession>>,
    /// Running totals of the shifts at this hour.
    shifts: Vec<u32>,
    /// Bytes of JSON so far, delivered or not.
    written: u64,
    slot: usize,
    totals: Totals,
    scratch: Scratch,
}

/// Buffers for the parts of a record, kept from one to the next.
#[derive(Default)]
struct Scratch {
    params: String,
    response: String,
    extra: String,
    resources: String,
    host: String,
    event_id: String,
}

/// Makes one day and delivers its files.
pub(crate) fn run(plan: &Plan, number: u32, delivery: &mut Delivery) -> Result<Totals, Error> {
    let mut day = Day::new(plan, number);
    let bytes = plan.day_bytes[number as usize];
    let hours_total: u64 = HOURS.iter().map(|weight| u64::from(*weight)).sum::<u64>() * (SLOTS / 24) as u64;
    let mut weight_so_far = 0;
    for slot in 0..SLOTS {
        let hour = slot * 24 / SLOTS;
        weight_so_far += u64::from(HOURS[hour]);
        day.begin_slot(slot, hour);
        let target = bytes * weight_so_far / hours_total;
        while day.written < target {
            day.spell(bytes, delivery)?;
        }
        for index in 0..day.cells.len() {
            let waited = slot - day.cells[index].opened.min(slot);
            let due = waited >= DELIVERIES_MAX || slot + 1 == SLOTS;
            day.deliver(index, if due { 1 } else { FILE_RECORDS_MIN }, delivery)?;
        }
    }
    delivery.end_day();
    Ok(day.totals)
}

impl<'a> Day<'a> {
    fn new(plan: &'a Plan, number: u32) -> Self {
        let cells = ACCOUNTS
            .iter()
            .enumerate()
            .flat_map(|(account, _)| (0..REGIONS.len()).map(move |region| (account, region)))
            .map(|(account, region)| Cell { file: LogFile::new(account, region), opened: 0 })
            .collect();
        Self {
            plan,
            dice: Dice::new(plan.config.seed, &[label("day"), u64::from(number)]),
            start: plan.start + i64::from(number) * DAY,
            cells,
            sessions: ACCOUNTS.iter().map(|_| Vec::new()).collect(),
            consoles: ACCOUNTS.iter().map(|_| None).collect(),
            shifts: Vec::new(),
            written: 0,
            slot: 0,
            totals: Totals::default(),
            scratch: Scratch::default(),
        }
    }

    fn slot_start(&self) -> i64 {
        self.start + self.slot as i64 * SLOT
    }

    fn begin_slot(&mut self, slot: usize, hour: usize) {
        self.slot = slot;
        let mut total = 0;
        self.shifts.clear();
        for shift in &SHIFTS {
            total += shift.weight * if shift.works_days { PEOPLE_BY_HOUR[hour] } else { 100 };
            self.shifts.push(total);
        }
        let (from, to) = (self.slot_start(), self.slot_start() + SLOT);
        let plan = self.plan;
        let first = plan.script.partition_point(|(at, _)| *at < from);
        for (_, filed) in plan.script[first..].iter().take_while(|(at, _)| *at < to) {
            self.file(filed);
        }
    }

    fn file(&mut self, filed: &Filed) {
        let slot = self.slot;
        let cell = &mut self.cells[filed.account * REGIONS.len() + filed.region];
        if cell.file.records() == 0 {
            cell.opened = slot;
        }
        self.written += cell.file.add(|out| out.push_str(&filed.text));
    }

    fn deliver(&mut self, index: usize, records_min: u64, delivery: &mut Delivery) -> Result<(), Error> {
        if self.cells[index].file.records() < records_min {
            return Ok(());
        }
        let late = *self.dice.pick(&[1, 1, 1, 2]);
        let mut random = String::with_capacity(16);
        self.dice.alphanumeric(&mut random, 16);
        let at = self.slot_start() + SLOT + late * SLOT;
        self.totals.add(delivery.put(&mut self.cells[index].file, at, &random)?);
        Ok(())
    }

    /// Makes one spell in one account and Region, and delivers its file.
    fn spell(&mut self, day_bytes: u64, delivery: &mut Delivery) -> Result<(), Error> {
        let index = self.dice.weighted(&self.plan.cells);
        let (account, region) = (index / REGIONS.len(), index % REGIONS.len());
        let mut records = u64::from(*self.dice.pick(&SPELLS));
        if self.dice.chance(FLOODS_PERMILLE) {
            records *= u64::from(FLOOD_FACTOR);
        }
        let left = day_bytes.saturating_sub(self.written) / RECORD_BYTES_MEAN;
        let goal = self.written + records.min(left.max(1)) * RECORD_BYTES_MEAN;
        while self.written < goal {
            self.burst(account, region);
        }
        self.deliver(index, FILE_RECORDS_MIN, delivery)
    }

    /// Makes one actor do a few things in a row.
    fn burst(&mut self, account: usize, region: usize) {
        let shift = &SHIFTS[self.dice.weighted(&self.shifts)];
        let at = self.slot_start() + i64::from(self.dice.below(SLOT as u32 - 40));
        let calls = self.dice.between(shift.calls.0, shift.calls.1);
        let plan = self.plan;
        let named = |name: &str| plan.catalogue.repertoire(name);
        match shift.actor {
            Actor::Session(kind) => {
                let account = if kind == Kind::Build { crate::organisation::TOOLING } else { account };
                let session = self.session(kind, account, region, at);
                self.calls(&session.caller, session.repertoire, region, at.max(session.born), calls);
            }
            Actor::ConsoleUser => {
                if let Some(caller) = self.console(account, region, at) {
                    self.calls(&caller, named("engineer"), region, at, calls);
                    if self.dice.chance(SWITCHES_PERMILLE) {
                        self.switch(&caller, region, at, calls);
                    }
                }
            }
            Actor::KeyUser => self.key_user(account, region, at, calls),
            Actor::LinkedRole => self.linked_role(account, region, at, calls),
            Actor::Service => self.service(account, region, at, calls),
            Actor::Visitor => self.visitor(account, region, at, calls),
            Actor::IdentityCenter => {
                let filed = if self.dice.chance(900) {
                    signin::identity_center(plan.config.seed, at, &mut self.dice)
                } else {
                    signin::unknown_user(MANAGEMENT, at, &mut self.dice)
                };
                self.file(&filed);
            }
            Actor::ServiceEvent => self.service_event(account, region, at),
        }
    }

    fn calls(&mut self, caller: &Caller, repertoire: usize, region: usize, at: i64, calls: u32) {
        let last = self.slot_start() + SLOT - 1;
        let mut at = at;
        for _ in 0..calls {
            let call = self.plan.catalogue.draw(repertoire, region, &mut self.dice);
            self.emit(caller, call, region, at.min(last));
            if call.name == "GetSecretValue" && self.dice.chance(FORWARDED_PERMILLE) {
                let decrypt = self.plan.catalogue.call("kms", "Decrypt");
                self.emit(&caller.through("secretsmanager.amazonaws.com"), decrypt, region, at.min(last));
            }
            at += i64::from(self.dice.below(4));
        }
    }

    /// Returns a live session of that kind, or a new one, whose issuing is then filed.
    fn session(&mut self, kind: Kind, account: usize, region: usize, at: i64) -> Session {
        if !self.dice.chance(NEW_SESSION_PERMILLE) {
            let live = |session: &&Session| session.kind == kind && session.born <= at && at < session.expires;
            if let Some(session) = self.sessions[account].iter().rev().find(live) {
                return session.clone();
            }
        }
        let parent = Session::parent_of(kind).map(|(kind, home)| self.session(kind, home, region, at));
        let plan = self.plan;
        let moment = Moment { seed: plan.config.seed, catalogue: &plan.catalogue, account, region, at };
        let (session, records) = issue(kind, moment, parent.as_ref().map(|parent| &parent.caller), &mut self.dice);
        for filed in &records {
            self.file(filed);
        }
        self.keep(&session);
        session
    }

    fn keep(&mut self, session: &Session) {
        let pool = &mut self.sessions[session.caller.account];
        if pool.len() == SESSIONS_MAX {
            pool.remove(0);
        }
        pool.push(session.clone());
    }

    fn console(&mut self, account: usize, region: usize, at: i64) -> Option<Caller> {
        const WORK: i64 = 4 * 3600;
        if let Some(known) = &self.consoles[account]
            && known.born <= at
            && at - known.born < WORK
            && !self.dice.chance(60)
        {
            return Some(known.caller.clone());
        }
        let (caller, records) = signin::console(self.plan.config.seed, account, region, at, &mut self.dice)?;
        for filed in &records {
            self.file(filed);
        }
        self.consoles[account] = Some(ConsoleSession { caller: caller.clone(), born: at });
        Some(caller)
    }

    /// Lets a user at the console switch into a role of another account and go on there.
    fn switch(&mut self, user: &Caller, region: usize, at: i64, calls: u32) {
        let account = if user.account == STAGING { PRODUCTION } else { STAGING };
        let plan = self.plan;
        let moment = Moment { seed: plan.config.seed, catalogue: &plan.catalogue, account, region, at };
        let (session, records) = issue(Kind::Switched, moment, Some(user), &mut self.dice);
        for filed in &records {
            self.file(filed);
        }
        let filed = signin::switch_role(&session.caller, &user.arn, region, at, &mut self.dice);
        self.file(&filed);
        self.calls(&session.caller, session.repertoire, region, at, calls);
    }

    fn key_user(&mut self, account: usize, region: usize, at: i64, calls: u32) {
        let seed = self.plan.config.seed;
        let here: Vec<_> = KEY_USERS.iter().filter(|(name, _, _)| account_of_user(name) == account).collect();
        // An account without users of its own sees a service instead.
        let Some((name, repertoire, agent)) = here.get(self.dice.below(here.len().max(1) as u32) as usize) else {
            return self.linked_role(account, region, at, calls);
        };
        let caller = identity::user(seed, account, name, &long_term_key(seed, account, name))
            .at(person_address(seed, label(name)), agent);
        self.calls(&caller, self.plan.catalogue.repertoire(repertoire), region, at, calls);
    }

    fn linked_role(&mut self, account: usize, region: usize, at: i64, calls: u32) {
        let linked = self.dice.pick(LINKED_ROLES);
        let path = format!("/aws-service-role/{}/", linked.principal);
        let role = Role::new(self.plan.config.seed, account, &path, linked.role);
        let session = format!("{}-{}", &linked.role["AWSServiceRoleFor".len()..], self.dice.bits());
        let mut caller = identity::role_session(&role, &session, None, at, SessionMarks::default());
        caller.is_service = true;
        caller.identity.pop();
        caller.identity.push_str(&format!(",\"invokedBy\":\"{}\"}}", linked.principal));
        let caller = caller.at(linked.principal.to_owned(), linked.principal);
        self.calls(&caller, self.plan.catalogue.repertoire(linked.repertoire), region, at, calls);
    }

    fn service(&mut self, account: usize, region: usize, at: i64, calls: u32) {
        let (principal, repertoire) = *self.dice.pick(&[
            ("cloudtrail.amazonaws.com", "encryption"),
            ("s3.amazonaws.com", "encryption"),
            ("dynamodb.amazonaws.com", "encryption"),
            ("rds.amazonaws.com", "encryption"),
            ("delivery.logs.amazonaws.com", "delivery"),
            ("cloudtrail.amazonaws.com", "delivery"),
            ("logdelivery.elasticloadbalancing.amazonaws.com", "delivery"),
        ]);
        let caller = identity::service(account, principal);
        self.calls(&caller, self.plan.catalogue.repertoire(repertoire), region, at, calls);
    }

    /// Reads of a public bucket by nobody in particular.
    fn visitor(&mut self, account: usize, region: usize, at: i64, calls: u32) {
        let caller = Caller { identity: identity::foreign("", "anonymous"), account, ..Caller::default() };
        let address = format!("192.0.2.{}", self.dice.between(1, 254));
        let caller = caller.at(address, crate::session::browser(self.dice.bits()));
        for _ in 0..calls {
            let call = self.plan.catalogue.call("s3 objects", "GetObject");
            self.emit(&caller, call, region, at);
        }
    }

    fn service_event(&mut self, account: usize, region: usize, at: i64) {
        let (source, name) = *self.dice.pick(&[
            ("kms.amazonaws.com", "RotateKey"),
            ("backup.amazonaws.com", "BackupJobCompleted"),
            ("ecr.amazonaws.com", "PolicyExecutionEvent"),
            ("secretsmanager.amazonaws.com", "RotationSucceeded"),
            ("autoscaling.amazonaws.com", "AutoScalingGroupInstanceRefreshed"),
        ]);
        let mut details = String::from("{\"jobId\":\"");
        self.dice.guid(&mut details);
        details.push_str("\",\"state\":\"COMPLETED\"}");
        let caller = identity::service(account, source);
        let mut event_id = String::new();
        self.dice.guid(&mut event_id);
        let mut text = String::with_capacity(1024);
        let record = Record {
            identity: &caller.identity,
            at,
            source,
            name,
            region: REGIONS[region].name,
            address: source,
            agent: source,
            details: &details,
            request_id: RequestId::Absent,
            event_id: &event_id,
            read_only: false,
            event_type: EventType::ServiceEvent,
            recipient: ACCOUNTS[account].id,
            ..Record::default()
        };
        record.write(&mut text, &mut self.dice);
        self.file(&Filed { account, region, text });
    }

    /// Writes one call of one caller.
    fn emit(&mut self, caller: &Caller, call: &Call, region: usize, at: i64) {
        // Global services live in one Region, wherever the caller works.
        let region = if call.global { HOME_REGION } else { region };
        let account = caller.account;
        let dice = &mut self.dice;
        let mut draws = [0; DRAWS];
        draws.fill_with(|| dice.bits());
        let scene = Scene { seed: self.plan.config.seed, account, region, at, caller: &caller.arn, draws };
        let failed = dice.chance(ERRORS_PERMILLE);
        let refused = if failed { refusal(call, caller, region, dice) } else { None };
        let scratch = &mut self.scratch;
        scratch.clear();
        call.params.fill(&mut scratch.params, &scene, dice);
        call.extra.fill(&mut scratch.extra, &scene, dice);
        call.resources.fill(&mut scratch.resources, &scene, dice);
        if refused.is_none() {
            call.response.fill(&mut scratch.response, &scene, dice);
        }
        if !caller.is_service {
            call.host.fill(&mut scratch.host, &scene, dice);
        }
        dice.guid(&mut scratch.event_id);
        let record = Record {
            identity: &caller.identity,
            at,
            source: &call.source,
            name: call.name,
            region: REGIONS[region].name,
            address: &caller.address,
            agent: &caller.agent,
            error: refused.as_ref().map(|refusal| (refusal.code, refusal.message.as_str())),
            params: &scratch.params,
            response: &scratch.response,
            extra: &scratch.extra,
            details: "",
            resources: &scratch.resources,
            request_id: call.request_id,
            event_id: &scratch.event_id,
            read_only: call.read_only,
            event_type: EventType::ApiCall,
            api_version: call.api_version,
            data: call.data,
            recipient: ACCOUNTS[account].id,
            shared_id: "",
            endpoint: &caller.endpoint,
            host: &scratch.host,
            from_console: caller.from_console,
        };
        let slot = self.slot;
        let cell = &mut self.cells[account * REGIONS.len() + region];
        if cell.file.records() == 0 {
            cell.opened = slot;
        }
        self.written += cell.file.add(|out| record.write(out, dice));
    }
}

impl Scratch {
    fn clear(&mut self) {
        for part in [
            &mut self.params,
            &mut self.response,
            &mut self.extra,
            &mut self.resources,
            &mut self.host,
            &mut self.event_id,
        ] {
            part.clear();
        }
    }
}
