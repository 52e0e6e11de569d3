//! Networks, security groups and key pairs: records without an effect of their own, named by groups and configurations.

use serde::{Deserialize, Serialize};

use crate::{AccountId, Kept, SecurityGroupId};

/// A VPC (spec `facets.vpc`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcSpec {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub cidr: String,
    /// In words.
    pub description: String,
    /// Enterprise project; `None` = the default one.
    pub enterprise_project: Option<String>,
    /// The rest.
    #[serde(default, skip_serializing_if = "Kept::is_empty")]
    pub kept: Kept,
}

/// A subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetSpec {
    /// Its name.
    pub name: String,
    /// In words.
    pub description: String,
    /// Its VPC.
    pub vpc: String,
    /// Its addresses.
    pub cidr: String,
    /// Its gateway.
    pub gateway: String,
    /// Its zone, empty = all.
    pub zone: String,
    /// Whether machines are given their addresses.
    pub dhcp: bool,
    /// Whether it has IPv6 addresses too.
    pub ipv6: bool,
    /// Its name servers.
    pub dns: Vec<String>,
    /// The rest.
    #[serde(default, skip_serializing_if = "Kept::is_empty")]
    pub kept: Kept,
}

/// A security group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupSpec {
    /// Its name.
    pub name: String,
    /// In words.
    pub description: String,
    /// Its VPC, if one was named.
    pub vpc: Option<String>,
    /// Enterprise project; `None` = the default one.
    pub enterprise_project: Option<String>,
    /// The rest.
    #[serde(default, skip_serializing_if = "Kept::is_empty")]
    pub kept: Kept,
}

/// The id of the security group that every account has.
#[must_use]
pub fn default_security_group(account: AccountId) -> SecurityGroupId {
    SecurityGroupId::new(account.key())
}

/// A rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityRuleSpec {
    /// Its group.
    pub group: SecurityGroupId,
    /// In words.
    pub description: String,
    /// `ingress` or `egress`.
    pub direction: String,
    /// `IPv4` or `IPv6`.
    pub ethertype: String,
    /// Protocol; `None` = any.
    pub protocol: Option<String>,
    /// Ports, as given; `None` = any.
    pub ports: Option<String>,
    /// `allow` or `deny`.
    pub action: String,
    /// 1 (first) to 100.
    pub priority: u32,
    /// Addresses at the other end.
    pub remote_cidr: Option<String>,
    /// Security group at the other end.
    pub remote_group: Option<String>,
    /// Address group at the other end.
    pub remote_address_group: Option<String>,
    /// Whether it counts.
    pub enabled: bool,
}

/// A key pair: its public half. The private one is handed out once and not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPairSpec {
    /// Its name, unique in the account and site.
    pub name: String,
    /// `ssh`.
    pub kind: String,
    /// `user` or `domain`.
    pub scope: String,
    /// OpenSSH public key.
    pub public_key: String,
    /// `SHA256:...`.
    pub fingerprint: String,
    /// In words.
    pub description: String,
    /// The user who made it.
    pub user: String,
}
