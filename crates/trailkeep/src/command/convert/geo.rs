//! Databases of addresses: files of MaxMind's format, told apart by what they say they are.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use lake::sql::{AddressBook, AddressFacts};
use maxminddb::{MaxMindDbError, Reader, geoip2};
use normalize::ecs::{Geo, Network, Place};

use crate::fault::{Fault, Result};

type File = Reader<Vec<u8>>;

/// The databases that were named.
#[derive(Debug)]
pub(crate) struct Databases {
    city: Option<File>,
    asn: Option<File>,
    /// Addresses that could not be looked up, and why the first could not.
    failed: AtomicU64,
    first_failure: OnceLock<String>,
}

/// What a database is for.
struct Kind {
    flag: &'static str,
    holds: &'static str,
    /// Parts of the names of types that fit, such as `GeoLite2-City` or `DBIP-ASN-Lite`.
    types: &'static [&'static str],
}

const CITY: Kind = Kind { flag: "--geo-city", holds: "cities", types: &["City", "Enterprise"] };
const ASN: Kind = Kind { flag: "--geo-asn", holds: "networks", types: &["ASN", "ISP", "Enterprise"] };

impl Databases {
    /// Opens the databases.
    ///
    /// # Errors
    /// If a file is missing, damaged, or a database of something else.
    pub(crate) fn open(city: Option<&Path>, asn: Option<&Path>) -> Result<Databases> {
        Ok(Databases {
            city: city.map(|path| open(path, &CITY)).transpose()?,
            asn: asn.map(|path| open(path, &ASN)).transpose()?,
            failed: AtomicU64::new(0),
            first_failure: OnceLock::new(),
        })
    }

    /// Tells of addresses that could not be looked up.
    pub(crate) fn report(&self) {
        if let Some(failure) = self.first_failure.get() {
            let failed = self.failed.load(Ordering::Relaxed);
            super::note(&format!("{failed} look-ups of addresses failed, the first because {failure}"));
        }
    }

    fn found<T>(&self, answer: Result<Option<T>, MaxMindDbError>) -> Option<T> {
        answer.unwrap_or_else(|error| {
            // An address of version 6 is in no database of version 4.
            if matches!(error, MaxMindDbError::InvalidInput { .. }) {
                return None;
            }
            self.failed.fetch_add(1, Ordering::Relaxed);
            self.first_failure.get_or_init(|| error.to_string());
            None
        })
    }
}

fn open(path: &Path, kind: &Kind) -> Result<File> {
    let file = Reader::open_readfile(path).map_err(|error| {
        Fault::new(format!("could not open `{}` of `{}` as a MaxMind database", path.display(), kind.flag))
            .because(error)
            .help("it must be a whole file of the format MMDB, unpacked")
    })?;
    let found = &file.metadata().database_type;
    if kind.types.iter().any(|name| found.contains(name)) {
        return Ok(file);
    }
    let message = format!("`{}` of `{}` is a database of type `{found}`", path.display(), kind.flag);
    let help = format!("a database of {} has `{}` in the name of its type", kind.holds, kind.types.join("` or `"));
    Err(Fault::new(message).help(help))
}

impl Geo for Databases {
    fn place(&self, address: IpAddr) -> Option<Place> {
        let found = self.city.as_ref()?.lookup(address).and_then(|found| found.decode::<geoip2::City<'_>>());
        let city = self.found(found)?;
        let text = |text: Option<&str>| text.map(str::to_owned);
        // The last is the most specific.
        let subdivision = city.subdivisions.last();
        Some(Place {
            continent_name: text(city.continent.names.english),
            country_iso_code: text(city.country.iso_code),
            country_name: text(city.country.names.english),
            subdivision_iso_code: text(subdivision.and_then(|part| part.iso_code)),
            subdivision_name: text(subdivision.and_then(|part| part.names.english)),
            city_name: text(city.city.names.english),
            location: city.location.latitude.zip(city.location.longitude),
        })
    }

    fn network(&self, address: IpAddr) -> Option<Network> {
        let found = self.asn.as_ref()?.lookup(address).and_then(|found| found.decode::<geoip2::Asn<'_>>());
        let asn = self.found(found)?;
        Some(Network {
            number: asn.autonomous_system_number,
            organization: asn.autonomous_system_organization.map(str::to_owned),
        })
    }
}

/// Databases that are opened once a query asks for what they know.
#[derive(Debug)]
pub(crate) struct Book {
    city: Option<PathBuf>,
    asn: Option<PathBuf>,
    opened: OnceLock<Databases>,
}

impl Book {
    /// Names the databases; `None` if there are none.
    pub(crate) fn of(city: Option<PathBuf>, asn: Option<PathBuf>) -> Option<Book> {
        (city.is_some() || asn.is_some()).then(|| Book { city, asn, opened: OnceLock::new() })
    }
}

impl AddressBook for Book {
    fn open(&self) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if self.opened.get().is_none() {
            let opened = Databases::open(self.city.as_deref(), self.asn.as_deref())?;
            // Another query may have been faster; its databases are the same.
            self.opened.get_or_init(|| opened);
        }
        Ok(())
    }

    fn look_up(&self, address: IpAddr) -> AddressFacts {
        let Some(databases) = self.opened.get() else { return AddressFacts::default() };
        let failed = databases.failed.load(Ordering::Relaxed);
        let (place, network) = (databases.place(address), databases.network(address));
        if failed == 0
            && let Some(failure) = databases.first_failure.get()
        {
            tracing::warn!(%address, failure, "an address could not be looked up, and perhaps others");
        }
        let place = place.unwrap_or_default();
        AddressFacts {
            country_iso_code: place.country_iso_code,
            country_name: place.country_name,
            region_name: place.subdivision_name,
            city_name: place.city_name,
            location: place.location,
            as_number: network.as_ref().and_then(|network| network.number),
            as_organization_name: network.and_then(|network| network.organization),
        }
    }
}
