//! The conformance suite of the transport over SSH, on both servers.

mod openssh {
    imt_core::transport_suite!(imt_e2e::ssh::Server::OpenSsh);
}

mod dropbear {
    imt_core::transport_suite!(imt_e2e::ssh::Server::Dropbear);
}
