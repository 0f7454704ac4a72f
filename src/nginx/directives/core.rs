//! The directives of nginx's core and its `events`: data, one row a line and sorted by
//! module and name, so that it is as long as there are directives.
//!
//! Source: nginx's command tables in the releases 1.14.0 to 1.31.4 and its reference documentation.

use super::row::{Module, at_least, between, d, exactly, module};
use super::words::{ANY, EVENTS, MAIN};

#[rustfmt::skip] // One row a line, whatever its length: a diff shows which fact changed.
pub(super) const MODULES: &[Module] = &[
    module("nginx").page("ngx_core_module").rows(&[
        d("daemon", MAIN, exactly(1)).flag().once().default("on"),
        d("debug_points", MAIN, exactly(1)).one_of(&["stop", "abort"]).once(),
        d("env", MAIN, exactly(1)).repeats().default("TZ"),
        d("load_module", MAIN, exactly(1)).repeats().since(1, 9, 11),
        d("lock_file", MAIN, exactly(1)).text().once().default("logs/nginx.lock"),
        d("master_process", MAIN, exactly(1)).flag().once().default("on"),
        d("pid", MAIN, exactly(1)).text().once().default("logs/nginx.pid"),
        d("timer_resolution", MAIN, exactly(1)).time().once(),
        d("user", MAIN, between(1, 2)).once().default("nobody nobody"),
        d("worker_cpu_affinity", MAIN, at_least(1)).once(),
        d("worker_priority", MAIN, exactly(1)).once().default("0"),
        d("worker_processes", MAIN, exactly(1)).once().default("1"),
        d("worker_rlimit_core", MAIN, exactly(1)).offset().once(),
        d("worker_rlimit_nofile", MAIN, exactly(1)).number().once(),
        d("worker_shutdown_timeout", MAIN, exactly(1)).time().once().since(1, 11, 11),
        d("working_directory", MAIN, exactly(1)).text().once(),
    ]),
    module("ngx_conf_file").page("ngx_core_module").rows(&[
        d("include", ANY, exactly(1)).repeats(),
    ]),
    module("ngx_devpoll_module").rows(&[
        d("devpoll_changes", EVENTS, exactly(1)).number().once(),
        d("devpoll_events", EVENTS, exactly(1)).number().once(),
    ]),
    module("ngx_epoll_module").page("ngx_core_module").rows(&[
        d("epoll_events", EVENTS, exactly(1)).number().once().undocumented(),
        d("worker_aio_requests", EVENTS, exactly(1)).number().once().default("32").since(1, 1, 4),
    ]),
    module("ngx_event").page("ngx_core_module").rows(&[
        d("accept_mutex", EVENTS, exactly(1)).flag().once().default("off"),
        d("accept_mutex_delay", EVENTS, exactly(1)).time().once().default("500ms"),
        d("debug_connection", EVENTS, exactly(1)).repeats(),
        d("events", MAIN, exactly(0)).block().once(),
        d("multi_accept", EVENTS, exactly(1)).flag().once().default("off"),
        d("use", EVENTS, exactly(1)).once(),
        d("worker_connections", EVENTS, exactly(1)).once().default("512"),
    ]),
    module("ngx_event_openssl").page("ngx_core_module").rows(&[
        d("ssl_engine", MAIN, exactly(1)).once(),
    ]),
    module("ngx_event_openssl_cache").page("ngx_core_module").rows(&[
        d("ssl_object_cache_inheritable", MAIN, exactly(1)).flag().once().default("on").since(1, 27, 4),
    ]),
    module("ngx_event_quic_bpf").rows(&[
        d("quic_bpf", MAIN, exactly(1)).flag().once().since(1, 25, 0),
    ]),
    module("ngx_eventport_module").rows(&[
        d("eventport_events", EVENTS, exactly(1)).number().once(),
    ]),
    module("ngx_google_perftools_module").page("ngx_google_perftools_module").rows(&[
        d("google_perftools_profiles", MAIN, exactly(1)).text().once(),
    ]),
    module("ngx_iocp_module").rows(&[
        d("acceptex_read", EVENTS, exactly(1)).flag().once(),
        d("iocp_threads", EVENTS, exactly(1)).number().once(),
        d("post_acceptex", EVENTS, exactly(1)).number().once(),
    ]),
    module("ngx_kqueue_module").rows(&[
        d("kqueue_changes", EVENTS, exactly(1)).number().once(),
        d("kqueue_events", EVENTS, exactly(1)).number().once(),
    ]),
    module("ngx_log").page("ngx_core_module").rows(&[
        d("error_log", MAIN, at_least(1)).repeats().default("logs/error.log error"),
    ]),
    module("ngx_regex").page("ngx_core_module").rows(&[
        d("pcre_jit", MAIN, exactly(1)).flag().once().default("off").since(1, 1, 12),
    ]),
    module("ngx_thread_pool").page("ngx_core_module").rows(&[
        d("thread_pool", MAIN, between(2, 3)).repeats().default("default threads=32 max_queue=65536").since(1, 7, 11),
    ]),
];
