//! Where an address is: what the caller's databases know, as JSON (section "External data" of the mapping).

use std::net::IpAddr;
use std::sync::Arc;

use crate::json;

/// Databases of places and networks. Who reads files implements it; `()` knows nothing.
pub trait Geo {
    /// Returns where an address is.
    fn place(&self, address: IpAddr) -> Option<Place>;
    /// Returns whose network an address belongs to.
    fn network(&self, address: IpAddr) -> Option<Network>;
}

impl Geo for () {
    fn place(&self, _: IpAddr) -> Option<Place> {
        None
    }

    fn network(&self, _: IpAddr) -> Option<Network> {
        None
    }
}

/// Where an address is; names are English.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// Name of the continent.
    pub continent_name: Option<String>,
    /// Two letters: ISO 3166-1.
    pub country_iso_code: Option<String>,
    /// Name of the country.
    pub country_name: Option<String>,
    /// Code of the most specific subdivision, without the country: ISO 3166-2.
    pub subdivision_iso_code: Option<String>,
    /// Name of that subdivision.
    pub subdivision_name: Option<String>,
    /// Name of the city.
    pub city_name: Option<String>,
    /// Latitude and longitude in degrees.
    pub location: Option<(f64, f64)>,
}

/// An autonomous system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Its number.
    pub number: Option<u32>,
    /// Who runs it.
    pub organization: Option<String>,
}

/// Returns `source.geo`, or nothing where nothing is known.
pub(crate) fn place_json(place: &Place) -> Option<Arc<str>> {
    let region = match (&place.country_iso_code, &place.subdivision_iso_code) {
        (Some(country), Some(subdivision)) => Some(format!("{country}-{subdivision}")),
        _ => None,
    };
    let mut object = Object::default();
    object.text("city_name", place.city_name.as_deref());
    object.text("continent_name", place.continent_name.as_deref());
    object.text("country_iso_code", place.country_iso_code.as_deref());
    object.text("country_name", place.country_name.as_deref());
    if let Some((latitude, longitude)) = place.location.filter(|(a, b)| a.is_finite() && b.is_finite()) {
        object.raw("location", &format!("{{\"lat\":{latitude:?},\"lon\":{longitude:?}}}"));
    }
    object.text("region_iso_code", region.as_deref());
    object.text("region_name", place.subdivision_name.as_deref());
    object.finish()
}

/// Returns `source.as`, or nothing where nothing is known.
pub(crate) fn network_json(network: &Network) -> Option<Arc<str>> {
    let mut object = Object::default();
    if let Some(number) = network.number {
        object.raw("number", &number.to_string());
    }
    let mut organization = Object::default();
    organization.text("name", network.organization.as_deref());
    if let Some(organization) = organization.finish() {
        object.raw("organization", &organization);
    }
    object.finish()
}

/// A small object in the making; members without a value are left out.
#[derive(Debug, Default)]
pub(crate) struct Object(Vec<u8>);

impl Object {
    pub(crate) fn text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.name(name);
            json::write_text(text, &mut self.0);
        }
    }

    pub(crate) fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.0.extend_from_slice(json.as_bytes());
    }

    fn name(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        json::write_text(name, &mut self.0);
        self.0.push(b':');
    }

    /// Returns the object as JSON, if it has members.
    pub(crate) fn finish(mut self) -> Option<Arc<str>> {
        if self.0.is_empty() {
            return None;
        }
        self.0.push(b'}');
        Some(String::from_utf8(self.0).ok()?.into())
    }
}
