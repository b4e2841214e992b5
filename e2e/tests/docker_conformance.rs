//! The Docker executor passes the conformance suite, with the workspace as a bind mount and as a volume.

mod bind {
    imt_core::executor_suite!(core: imt_e2e::executor::DockerSubject::new(false));
    imt_core::executor_suite!(shell: imt_e2e::executor::DockerSubject::new(false));
}

mod volume {
    imt_core::executor_suite!(core: imt_e2e::executor::DockerSubject::new(true));
    imt_core::executor_suite!(shell: imt_e2e::executor::DockerSubject::new(true));
}
