//! Ids: one key per resource, four spellings that are computed, never stored.
//!
//! A [`Key`] is 41 random bits. Its spellings:
//! * `asg-` + 8 characters of `[0-9a-z]`: both Tencent doors (spec `id_formats`);
//! * a UUID: the Huawei door. Version 8; carries kind and key in its first 48 bits and a check in the rest;
//! * an 18-digit decimal string: the Kingsoft door; carries a check in its last digits.
//!
//! The checks make a mistyped id malformed or unknown, never somebody else's.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Number of random bits in a key. 36^8 > 2^41, so eight base-36 characters hold every key.
const KEY_BITS: u32 = 41;
const KEY_MASK: u64 = (1 << KEY_BITS) - 1;
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const DECIMAL_BASE: u64 = 100_000_000_000_000_000;
const DECIMAL_CHECKS: u64 = 40_000;

/// The 41-bit key of a resource; unique over all kinds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Neither spelling of this kind of id.
    #[error("not an id of this kind")]
    Malformed,
}

/// Spreads bits (the finalizer of SplitMix64): used for checks and for [`Ids`], not for secrets.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Key {
    /// The key made of the low 41 bits of `bits`.
    #[must_use]
    pub fn from_bits(bits: u64) -> Key {
        Key(bits & KEY_MASK)
    }

    /// The key as a number below 2^41.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Eight base-36 characters.
    #[must_use]
    pub fn base36(self) -> String {
        let mut text = [b'0'; 8];
        let mut rest = self.0;
        for slot in text.iter_mut().rev() {
            *slot = DIGITS[(rest % 36) as usize];
            rest /= 36;
        }
        text.iter().map(|&b| char::from(b)).collect()
    }

    /// Reads [`Key::base36`].
    ///
    /// # Errors
    /// Any other text. Eight characters above 2^41 are well-formed for the APIs but name nothing; they are
    /// accepted by [`Id::is_well_formed`] and refused here.
    pub fn parse_base36(text: &str) -> Result<Key, IdError> {
        if text.len() != 8 {
            return Err(IdError::Malformed);
        }
        let mut bits = 0u64;
        for byte in text.bytes() {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'z' => byte - b'a' + 10,
                _ => return Err(IdError::Malformed),
            };
            bits = bits * 36 + u64::from(digit);
        }
        if bits > KEY_MASK {
            Err(IdError::Malformed)
        } else {
            Ok(Key(bits))
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base36())
    }
}

/// What a kind of id is called on the doors.
pub trait Kind: Copy + Ord + std::hash::Hash + 'static {
    /// Prefix with its dash, as both Tencent doors print it.
    const PREFIX: &'static str;
    /// A number below 128, unique per kind: stands in the UUID.
    const TAG: u8;
}

/// An id of one kind of resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<K: Kind>(Key, PhantomData<K>);

impl<K: Kind> Id<K> {
    /// The id with this key.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Id(key, PhantomData)
    }

    /// The key.
    #[must_use]
    pub fn key(self) -> Key {
        self.0
    }

    /// Whether `text` has the shape of this kind's prefixed spelling, whether or not such a resource can exist.
    #[must_use]
    pub fn is_well_formed(text: &str) -> bool {
        text.strip_prefix(K::PREFIX).is_some_and(|body| {
            body.len() == 8
                && body
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
        })
    }

    /// Reads the prefixed spelling, `asg-0123abcd`.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let body = text.strip_prefix(K::PREFIX).ok_or(IdError::Malformed)?;
        Key::parse_base36(body).map(Id::new)
    }

    /// The UUID spelling, lower case.
    #[must_use]
    pub fn uuid(self) -> String {
        let head = (self.0.0 << 7) | u64::from(K::TAG);
        let check = mix(head);
        let low = mix(check);
        format!(
            "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
            head >> 16,
            head & 0xffff,
            check & 0xfff,
            0x8000 | ((check >> 12) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }

    /// Reads the UUID spelling, upper or lower case.
    ///
    /// # Errors
    /// Any text that [`Id::uuid`] does not print for some key of this kind.
    pub fn parse_uuid(text: &str) -> Result<Self, IdError> {
        let text = text.to_ascii_lowercase();
        let head = text
            .get(..8)
            .zip(text.get(9..13))
            .ok_or(IdError::Malformed)?;
        let high = u64::from_str_radix(head.0, 16).map_err(|_| IdError::Malformed)?;
        let low = u64::from_str_radix(head.1, 16).map_err(|_| IdError::Malformed)?;
        let id = Id::new(Key::from_bits(((high << 16) | low) >> 7));
        if id.uuid() == text {
            Ok(id)
        } else {
            Err(IdError::Malformed)
        }
    }

    /// The 18-digit spelling.
    #[must_use]
    pub fn decimal(self) -> String {
        let check = mix(self.0.0 ^ (u64::from(K::TAG) << KEY_BITS)) % DECIMAL_CHECKS;
        (DECIMAL_BASE + self.0.0 * DECIMAL_CHECKS + check).to_string()
    }

    /// Reads the 18-digit spelling.
    ///
    /// # Errors
    /// Any text that [`Id::decimal`] does not print for some key of this kind.
    pub fn parse_decimal(text: &str) -> Result<Self, IdError> {
        let number: u64 = text.parse().map_err(|_| IdError::Malformed)?;
        let body = number.checked_sub(DECIMAL_BASE).ok_or(IdError::Malformed)?;
        let id = Id::new(Key::from_bits(body / DECIMAL_CHECKS));
        if id.decimal() == text {
            Ok(id)
        } else {
            Err(IdError::Malformed)
        }
    }

    /// Reads any spelling: what the native endpoints accept.
    ///
    /// # Errors
    /// A text that is none of them.
    pub fn parse_any(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
            .or_else(|_| Self::parse_uuid(text))
            .or_else(|_| Self::parse_decimal(text))
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", K::PREFIX, self.0.base36())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Id::parse(&text).map_err(serde::de::Error::custom)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $id:ident $kind:ident $prefix:literal $tag:literal;)*) => {
        /// Markers of the kinds of ids.
        pub mod kind {
            $(
                $(#[$doc])*
                #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
                pub struct $kind;
                impl super::Kind for $kind {
                    const PREFIX: &'static str = $prefix;
                    const TAG: u8 = $tag;
                }
            )*
        }
        $($(#[$doc])* pub type $id = Id<kind::$kind>;)*
        #[cfg(test)]
        const KINDS: &[(&str, u8)] = &[$(($prefix, $tag)),*];
    };
}

kinds! {
    /// An account (a tenant). Its prefix is Muster's own.
    AccountId Account "acc-" 1;
    /// A scaling group.
    GroupId Group "asg-" 2;
    /// A launch configuration.
    ConfigId Config "asc-" 3;
    /// An instance, and the machine behind it.
    InstanceId Instance "ins-" 4;
    /// A scaling activity.
    ActivityId Activity "asa-" 5;
    /// A scaling policy.
    PolicyId Policy "asp-" 6;
    /// A scheduled action.
    ScheduleId Schedule "asst-" 7;
    /// A notification configuration.
    NotificationId Notification "asn-" 8;
    /// A lifecycle hook.
    HookId Hook "ash-" 9;
    /// An instance refresh.
    RefreshId Refresh "asr-" 10;
    /// The points of a metric. Its prefix is Muster's own.
    SeriesId Series "asm-" 11;
    /// An execution of a policy. Its prefix is Muster's own.
    ExecutionId Execution "asx-" 70;
    /// A topic. Its prefix is Muster's own.
    TopicId Topic "smt-" 12;
    /// A machine outside groups: the record of it. Its prefix is Muster's own, as all that follow.
    ServerId Server "srv-" 40;
    /// Work on machines.
    ServerJobId ServerJob "svj-" 41;
    /// A VPC.
    VpcId Vpc "net-" 42;
    /// A subnet.
    SubnetId Subnet "sub-" 43;
    /// A security group.
    SecurityGroupId SecurityGroup "sec-" 44;
    /// A rule of a security group.
    SecurityRuleId SecurityRule "ser-" 45;
    /// A key pair.
    KeyPairId KeyPair "key-" 46;
    /// A load balancer.
    LoadBalancerId LoadBalancer "elb-" 47;
    /// A listener of a load balancer.
    ListenerId Listener "lsn-" 48;
    /// A pool of a load balancer.
    PoolId Pool "pol-" 49;
    /// A member of a pool that was put there by hand.
    PoolMemberId PoolMember "plm-" 50;
    /// The health check of a pool.
    HealthMonitorId HealthMonitor "hmn-" 51;
    /// Identifies a subscription of a topic.
    SubscriptionId Subscription "sms-" 13;
    /// An alarm rule. Its prefix is Muster's own.
    AlarmRuleId AlarmRule "alr-" 60;
    /// Values that were pushed. Its prefix is Muster's own.
    ReadingsId Readings "rdg-" 61;
    /// A bandwidth.
    BandwidthId Bandwidth "bwd-" 53;
    /// A policy that sizes a bandwidth.
    BandwidthPolicyId BandwidthPolicy "bwp-" 54;
    /// A scheduled task whose group is gone. Its prefix is Muster's own: the API shows the id that it had with its group.
    LeftTaskId LeftTask "lft-" 62;
}

/// A source of fresh keys: a seed in, the same keys out, so that a replay makes the same ids.
/// The store refuses a key that is taken; the caller then tries again with another seed.
#[derive(Clone, Debug)]
pub struct Ids {
    state: u64,
}

impl Ids {
    /// A source that starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Ids {
        Ids { state: seed }
    }

    /// The next key.
    pub fn next_key(&mut self) -> Key {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Key::from_bits(mix(self.state) >> (64 - KEY_BITS))
    }

    /// The next id of a kind.
    pub fn next_id<K: Kind>(&mut self) -> Id<K> {
        Id::new(self.next_key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_reads_back_and_no_kind_reads_another() {
        let mut ids = Ids::new(7);
        for bits in [0, 1, KEY_MASK]
            .into_iter()
            .chain((0..2000).map(|_| ids.next_key().bits()))
        {
            let id = GroupId::new(Key::from_bits(bits));
            assert_eq!(GroupId::parse(&id.to_string()), Ok(id));
            assert_eq!(GroupId::parse_uuid(&id.uuid()), Ok(id));
            assert_eq!(GroupId::parse_uuid(&id.uuid().to_uppercase()), Ok(id));
            assert_eq!(GroupId::parse_decimal(&id.decimal()), Ok(id));
            assert_eq!(id.decimal().len(), 18);
            assert_eq!(id.uuid().len(), 36);
            for text in [id.to_string(), id.uuid(), id.decimal()] {
                assert_eq!(GroupId::parse_any(&text), Ok(id));
                assert!(
                    InstanceId::parse_any(&text).is_err(),
                    "{text} read as another kind"
                );
            }
        }
    }

    #[test]
    fn nonsense_is_no_id() {
        for text in [
            "",
            "asg-",
            "asg-0123abcD",
            "asg-0123abc",
            "asg-zzzzzzzz",
            "asg-\u{e9}23abcd",
            "99",
            "é",
            "100000000000000000x",
        ] {
            assert!(GroupId::parse_any(text).is_err(), "{text}");
        }
        assert!(
            GroupId::is_well_formed("asg-zzzzzzzz"),
            "well-formed for the API, though no key is that large"
        );
    }

    #[test]
    fn kinds_differ() {
        for (i, a) in KINDS.iter().enumerate() {
            for b in &KINDS[i + 1..] {
                assert!(a.0 != b.0 && a.1 != b.1);
            }
        }
    }
}
