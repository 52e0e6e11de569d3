//! The `muster` binary.

mod accounts;
mod admin;
mod balancers;
mod config;
mod demo;
mod front;
mod metrics;
mod native;
mod native_balancers;
mod native_messages;
mod native_metrics;
mod native_policies;
mod plot;
mod projects;
mod proxy_metrics;
mod seal;
mod serve;
mod signing;
mod simulate;
mod sinks;
mod sources;
mod tls;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An auto scaling service for your own machines.
#[derive(Parser)]
#[command(name = "muster", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service.
    Serve(ServeArgs),
    /// Replay a recorded load against groups and policies from files, with the engine that the service decides with.
    Simulate(simulate::SimulateArgs),
    /// Show the whole loop on this machine: load comes, machines come; load goes, machines go. Takes about two minutes.
    Demo(demo::DemoArgs),
    /// Accounts and keys; takes effect in a running server at once.
    Account {
        /// The data directory.
        #[arg(long, default_value = "./muster-data", global = true)]
        data: PathBuf,
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// A machine of the demo: a web server of known capacity.
    #[command(hide = true)]
    DemoWorker {
        /// The port that it serves on.
        port: u16,
    },
    /// The first process of a machine of the process back end.
    #[command(hide = true)]
    Shim {
        /// Directory of the machine.
        machine: PathBuf,
        /// A command to run on it.
        invocation: Option<String>,
    },
}

/// Arguments of `muster serve`.
#[derive(clap::Args)]
pub(crate) struct ServeArgs {
    /// Configuration file (TOML).
    #[arg(long)]
    config: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:8700].
    #[arg(long)]
    listen: Option<std::net::SocketAddr>,
    /// Data directory [default: ./muster-data].
    #[arg(long)]
    data: Option<PathBuf>,
    /// Simulated machines and a clock that can be moved, for tests.
    #[arg(long)]
    emulate: bool,
}

/// What can be done with accounts.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum AccountCommand {
    /// Make an account with a key.
    Create {
        /// Its name, unique.
        name: String,
    },
    /// Make another key for an account.
    Key {
        /// The account's name.
        name: String,
        /// The key may only look.
        #[arg(long)]
        read_only: bool,
    },
    /// List accounts and keys, without secrets.
    List,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Simulate(args) => return simulate::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::DemoWorker { port } => demo::worker::run(port),
        Command::Account { data, command } => admin::run(&data, &command),
        Command::Shim {
            machine,
            invocation,
        } => return muster_providers::process::shim(&machine, invocation.as_deref()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// One line on standard error.
#[expect(clippy::print_stderr, reason = "the command line answers here")]
fn complain(error: &str) {
    eprintln!("muster: {error}");
}
