//! Names that cannot be invalid: hosts, references to objects, ports of services.
//!
//! Both sides of the model use them: translation makes them, the proxy looks them up. No resolution happens here.

mod host;
mod object;
mod service_port;

pub use host::{Host, HostKey};
pub use object::{Kind, ObjectRef};
pub use service_port::{PortRef, ServicePort};
