//! How machines are paid for.

use muster_model as model;
use serde::{Deserialize, Serialize};

use super::one_of;
use crate::fault::Fault;

/// InstanceMarketOptionsRequest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MarketOptions {
    spot_options: SpotOptions,
    market_type: Option<String>,
}

/// SpotMarketOptions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SpotOptions {
    max_price: String,
    spot_instance_type: Option<String>,
}

impl MarketOptions {
    /// The price is a number in text (rule C4).
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let price = &self.spot_options.max_price;
        if !price
            .parse::<f64>()
            .is_ok_and(|price| price.is_finite() && price >= 0.0)
        {
            return Err(Fault::new(
                "InvalidParameterValue.NotStringTypeFloat",
                format!(
                    "The value `{price}` of the parameter `InstanceMarketOptions.SpotOptions.MaxPrice` is not a price such as `1.05`."
                ),
            ));
        }
        one_of(
            "InstanceMarketOptions.MarketType",
            self.market_type.as_ref(),
            &["spot"],
        )?;
        let kind = self.spot_options.spot_instance_type.as_ref();
        one_of(
            "InstanceMarketOptions.SpotOptions.SpotInstanceType",
            kind,
            &["one-time"],
        )
    }
}

impl From<MarketOptions> for model::Market {
    fn from(options: MarketOptions) -> Self {
        model::Market {
            max_price: options.spot_options.max_price,
            spot_type: options.spot_options.spot_instance_type,
            market_type: options.market_type,
        }
    }
}

impl From<&model::Market> for MarketOptions {
    fn from(market: &model::Market) -> Self {
        MarketOptions {
            spot_options: SpotOptions {
                max_price: market.max_price.clone(),
                spot_instance_type: Some(
                    market
                        .spot_type
                        .clone()
                        .unwrap_or_else(|| "one-time".to_owned()),
                ),
            },
            market_type: Some(
                market
                    .market_type
                    .clone()
                    .unwrap_or_else(|| "spot".to_owned()),
            ),
        }
    }
}

/// InstanceChargePrepaid.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ChargePrepaid {
    period: i64,
    renew_flag: Option<String>,
}

impl ChargePrepaid {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if !matches!(self.period, 1..=12 | 24 | 36) {
            let wanted = "1 to 12, 24 or 36 months";
            return Err(Fault::value(
                "InstanceChargePrepaid.Period",
                &self.period.to_string(),
                wanted,
            ));
        }
        let flags = [
            "NOTIFY_AND_AUTO_RENEW",
            "NOTIFY_AND_MANUAL_RENEW",
            "DISABLE_NOTIFY_AND_MANUAL_RENEW",
        ];
        one_of(
            "InstanceChargePrepaid.RenewFlag",
            self.renew_flag.as_ref(),
            &flags,
        )
    }
}

impl From<ChargePrepaid> for model::Prepaid {
    fn from(prepaid: ChargePrepaid) -> Self {
        model::Prepaid {
            period_months: prepaid.period,
            renew: prepaid.renew_flag,
        }
    }
}

impl From<&model::Prepaid> for ChargePrepaid {
    fn from(prepaid: &model::Prepaid) -> Self {
        let renew = prepaid
            .renew
            .clone()
            .unwrap_or_else(|| "NOTIFY_AND_MANUAL_RENEW".to_owned());
        ChargePrepaid {
            period: prepaid.period_months,
            renew_flag: Some(renew),
        }
    }
}
