//! The model of what runs on the machines: how much one carries, how long it takes to come, what it costs.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The model of a service. Load spreads evenly over the machines in service.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", default)]
pub struct Service {
    /// Load that one machine carries at 100 %, in the units of the recording.
    pub capacity: f64,
    /// Seconds from the launch of a machine until it serves.
    pub boot_seconds: u32,
    /// Seconds between two measurements; the first is at the first moment of the recording.
    pub sample_seconds: u32,
    /// Price of a machine for an hour, from its launch until it is gone.
    pub price_per_hour: f64,
    /// In what the price is.
    pub currency: String,
    /// Metrics besides `cpu_util`: the value that one unit of load causes on a machine, by the metric's canonical name.
    pub metrics: BTreeMap<String, f64>,
}

impl Default for Service {
    fn default() -> Self {
        Service {
            capacity: 100.0,
            boot_seconds: 60,
            sample_seconds: 60,
            price_per_hour: 0.0,
            currency: String::new(),
            metrics: BTreeMap::new(),
        }
    }
}

/// A member of the model that is out of range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Service.{member}: `{value}` is out of range: {wanted}")]
pub struct ServiceError {
    member: String,
    value: String,
    wanted: &'static str,
}

impl Service {
    /// Longest boot, seconds.
    const BOOT_SECS: u32 = 3600;

    /// # Errors
    /// A member is out of range.
    pub fn check(&self) -> Result<(), ServiceError> {
        let wrong = |member: &str, value: String, wanted: &'static str| ServiceError {
            member: member.to_owned(),
            value,
            wanted,
        };
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if !positive(self.capacity) {
            let value = self.capacity.to_string();
            return Err(wrong("Capacity", value, "a number above 0 is right"));
        }
        if self.boot_seconds > Self::BOOT_SECS {
            let value = self.boot_seconds.to_string();
            return Err(wrong("BootSeconds", value, "0 to 3600 is right"));
        }
        if !(1..=3600).contains(&self.sample_seconds) {
            let value = self.sample_seconds.to_string();
            return Err(wrong("SampleSeconds", value, "1 to 3600 is right"));
        }
        if !(self.price_per_hour.is_finite() && self.price_per_hour >= 0.0) {
            let value = self.price_per_hour.to_string();
            return Err(wrong("PricePerHour", value, "0 or more is right"));
        }
        for (name, factor) in &self.metrics {
            if !positive(*factor) {
                let member = format!("Metrics.{name}");
                return Err(wrong(
                    &member,
                    factor.to_string(),
                    "a number above 0 is right",
                ));
            }
        }
        Ok(())
    }

    /// The metrics of the group under a load, each the average of its machines; none when no machine serves, for then
    /// there is nothing to measure.
    pub(crate) fn measure(&self, load: f64, serving: usize) -> Vec<(&str, f64)> {
        if serving == 0 {
            return Vec::new();
        }
        let each = (load / serving as f64).min(self.capacity);
        let mut all = vec![("cpu_util", each / self.capacity * 100.0)];
        all.extend(
            self.metrics
                .iter()
                .map(|(name, factor)| (name.as_str(), each * factor)),
        );
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_spreads_and_saturates() {
        let service = Service {
            capacity: 50.0,
            metrics: [("lan_in".to_owned(), 2.0)].into(),
            ..Service::default()
        };
        assert_eq!(service.measure(60.0, 0), []);
        assert_eq!(
            service.measure(60.0, 2),
            [("cpu_util", 60.0), ("lan_in", 60.0)]
        );
        assert_eq!(
            service.measure(600.0, 2),
            [("cpu_util", 100.0), ("lan_in", 100.0)]
        );
        assert_eq!(
            service.measure(0.0, 2),
            [("cpu_util", 0.0), ("lan_in", 0.0)]
        );
    }

    #[test]
    fn members_out_of_range_are_named() {
        let table: [(&str, &str); 4] = [
            (
                r#"{"Capacity": 0}"#,
                "Service.Capacity: `0` is out of range: a number above 0 is right",
            ),
            (
                r#"{"BootSeconds": 3601}"#,
                "Service.BootSeconds: `3601` is out of range: 0 to 3600 is right",
            ),
            (
                r#"{"SampleSeconds": 0}"#,
                "Service.SampleSeconds: `0` is out of range: 1 to 3600 is right",
            ),
            (
                r#"{"Metrics": {"lan_in": -1}}"#,
                "Service.Metrics.lan_in: `-1` is out of range: a number above 0 is right",
            ),
        ];
        for (text, expected) in table {
            let service: Service = serde_json::from_str(text).unwrap();
            assert_eq!(service.check().unwrap_err().to_string(), expected);
        }
    }
}
