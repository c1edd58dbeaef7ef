//! `trailkeep serve`: CloudTrail's own API on this machine, and the consumers that go with it.

mod collections;
mod profile;
mod upkeep;
mod world;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use event::arn::OrganizationId;
use event::time::EventTime;
use jiff::{SignedDuration, Timestamp};
use lake::Documents;
use lake::location::Location;
use pipeline::delivery::{self, Deliveries, Destinations, Places};
use pipeline::keeper::{Keeper, Now};
use pipeline::push::{PushBounds, Pusher};
use server::{Limits, Parts, Service, SystemClock};
use sink::{Secret, WebhookSettings};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

use crate::command::serve::world::Outside;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::settings::Settings;
use crate::stop;
use crate::units::parse_duration;

/// Serve CloudTrail's API, and deliver what its trails select
///
/// The first start makes a key and writes it as an AWS profile; from then on every call is signed. The AWS CLI, boto3 and
/// Terraform work with `--endpoint-url`. Ctrl-C ends it in good order: calls under way are answered, what was pushed is
/// stored.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on; others than loopback can be reached by whoever reaches this machine
    #[arg(long, value_name = "ADDRESS", env = "TRAILKEEP_LISTEN", default_value = "127.0.0.1:4570")]
    listen: SocketAddr,

    /// Time between two commits of what is pushed at least
    #[arg(long, value_name = "DURATION", env = "TRAILKEEP_COMMIT_INTERVAL", default_value = "500ms", value_parser = parse_duration)]
    commit_interval: Duration,

    /// Age at which a log file is closed and delivered
    #[arg(long, value_name = "DURATION", env = "TRAILKEEP_DELIVERY_INTERVAL", default_value = "5m", value_parser = parse_duration)]
    delivery_interval: Duration,

    /// A webhook that gets each event that some trail records, in the envelope of EventBridge; signed by `webhook_secret` of
    /// the configuration
    #[arg(long, value_name = "URL", env = "TRAILKEEP_EVENT_BRIDGE")]
    event_bridge: Option<Url>,

    /// The organization that the accounts belong to: with it, trails can record the events of all of them
    #[arg(long, value_name = "ID", env = "TRAILKEEP_ORGANIZATION")]
    organization: Option<OrganizationId>,

    /// Token for which `/metrics` answers other machines as well, as `Authorization: Bearer TOKEN`; other users of this machine
    /// may see it while the command runs, so prefer the variable
    #[arg(long, value_name = "TOKEN", env = "TRAILKEEP_METRICS_TOKEN", hide_env_values = true)]
    metrics_token: Option<Secret>,

    /// Calls a second that one key may make to one operation
    #[arg(long, value_name = "N", env = "TRAILKEEP_CALLS_PER_SECOND", default_value_t = Limits::default().calls_per_second, value_parser = clap::value_parser!(u32).range(1..))]
    calls_per_second: u32,

    /// Management events, the newest ones, that are held in memory so that LookupEvents answers at once; each takes some 70 bytes
    #[arg(long, value_name = "N", env = "TRAILKEEP_HISTORY_EVENTS", default_value_t = Limits::default().history_events)]
    history_events: usize,
}

impl Serve {
    fn deliveries(
        &self,
        location: Location,
        documents: &Arc<Documents>,
        destinations: Arc<Destinations>,
        settings: &Settings,
    ) -> Result<delivery::Settings> {
        let delivery_interval = SignedDuration::try_from(self.delivery_interval)
            .map_err(|error| Fault::new("`--delivery-interval` is too long").because(error))?;
        let event_bridge = self.event_bridge.clone().map(|url| WebhookSettings {
            secret: settings.destinations.webhook_secret.clone(),
            ca_file: settings.destinations.ca_file.clone(),
            ..WebhookSettings::new(url)
        });
        let by_default = delivery::Settings::new(location, Arc::clone(documents), destinations);
        Ok(delivery::Settings { delivery_interval, event_bridge, ..by_default })
    }
}

/// Serves until Ctrl-C or SIGTERM.
pub(crate) async fn run(command: Serve, settings: &Settings) -> Result<Exit> {
    let location = settings.location().await?;
    let now: Now = Arc::new(|| EventTime::from_micros(Timestamp::now().as_microsecond()));
    let keeper = Arc::new(Keeper::open(location.clone(), now).await?);
    let documents = Arc::new(Documents::open(&settings.data)?);
    let listener = TcpListener::bind(command.listen).await.map_err(|error| {
        Fault::new(format!("could not listen on {}", command.listen))
            .because(error)
            .help("another program may listen there: choose another port by `--listen`")
    })?;
    let address = listener.local_addr().map_err(|error| Fault::new("could not tell the address").because(error))?;
    profile::make_first_key(&documents, settings, address)?;
    let bounds = PushBounds { commit_interval: command.commit_interval, ..PushBounds::default() };
    let (pusher, pushing) = Pusher::open(Arc::clone(&keeper), bounds);
    let destinations = Arc::new(Destinations::new(Places::choose(&settings.aws, &settings.data)));
    let limits = limits(&command, settings);
    let service = Service::new(Parts {
        documents: Arc::clone(&documents),
        location: location.clone(),
        session_options: settings.session_options(),
        push: Arc::new(pusher.clone()),
        world: Arc::new(Outside(Arc::clone(&destinations))),
        clock: Arc::new(SystemClock),
        limits,
    })?;
    let service = match command.organization.clone() {
        Some(organization) => service.in_organization(organization),
        None => service,
    };
    let service = Arc::new(match &command.metrics_token {
        Some(token) => service.with_metrics_token(token.expose().to_owned()),
        None => service,
    });
    service.recover().await.map_err(|error| Fault::new("could not put right what the last end left").because(error))?;
    let mut stopped = stop::listen("calls under way are answered, and what was pushed is being stored")?;
    let deliveries = Deliveries::new(command.deliveries(location, &documents, destinations, settings)?);
    let upkeep = upkeep::start(&keeper, &documents, (&service, deliveries), settings, &stopped);
    collections::announce(&documents, true)?;
    // Nobody is left to tell when standard error is gone.
    writeln!(std::io::stderr(), "serving CloudTrail's API on http://{address}; Ctrl-C ends it").ok();
    let ended = server::http::serve(service, listener, async move { is_stopped(&mut stopped).await }).await;
    drop(pusher);
    collections::announce(&documents, false)?;
    upkeep.end().await;
    pushing.await.map_err(|error| Fault::new("what was pushed last may not be stored").because(error))?;
    keeper.close().await;
    ended.map_err(|error| Fault::new(format!("could not serve on {address}")).because(error))?;
    Ok(Exit::Success)
}

fn limits(command: &Serve, settings: &Settings) -> Limits {
    let by_default = Limits::default();
    // Up to the next second, so that no limit becomes none at all.
    let seconds = settings.query_timeout.map(|limit| limit.as_secs() + u64::from(limit.subsec_nanos() > 0));
    Limits {
        calls_per_second: command.calls_per_second,
        history_events: command.history_events,
        query_seconds_max: seconds.unwrap_or(by_default.query_seconds_max),
        query_memory_bytes_max: settings.query_memory_bytes_max(by_default.query_memory_bytes_max),
        ..by_default
    }
}

/// Waits for the end.
async fn is_stopped(stopped: &mut watch::Receiver<bool>) {
    // Whoever could ask for it is gone only at the end.
    stopped.wait_for(|stopped| *stopped).await.ok();
}
