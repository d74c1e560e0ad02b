//! Runs the on-target tests in valgrind's memcheck, which checks each memory access of the tests, and of each child
//! until its exec. In valgrind, a child always has a copy of the memory.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use duct::cmd;

use crate::{
    apt,
    arch::HOST,
    compile::{self, Group, Profile, TESTS},
    plan::PID1,
    process::capture,
    report::Outcome,
    suite::{self, SUITES},
    workspace::Workspace,
};

/// The time limit for one suite.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// The suites that do not run: one needs nestling's PID 1, one reads memory below its stack pointer, and one needs
/// `sh`.
const EXCLUDED_SUITES: [&str; 3] = [PID1, "stack", "shell"];

/// The beginning of each complaint of memcheck.
const COMPLAINT: &str = "memcheck complains:";

/// The tests that cannot run in valgrind 3.19, and why. None of these failures is a fault of the tests.
const EXCLUDED_CASES: &[(&str, &[&str])] = &[
    (
        "if an exec fails for a reason that valgrind does not expect, valgrind ends the child",
        &[
            "a_failed_exec_names_its_step_and_restores_the_mask",
            "begin_reports_the_same_failures_as_start",
            "a_missing_interpreter_is_distinguished_from_a_missing_program",
            "the_callers_wait_for_any_child_loses_no_failure",
            "an_error_has_the_code_that_a_shell_would_exit_with",
            "an_error_can_be_owned_and_borrowed_again",
            "every_step_that_fails_is_named",
            "the_search_takes_the_first_that_can_be_executed",
            "too_large_arguments_are_reported",
        ],
    ),
    (
        "valgrind itself answers the call, and differs from the kernel",
        &[
            "a_descriptor_that_cannot_be_executed_is_reported",
            "begin_returns_a_failure_of_the_parent_at_once",
            "a_limit_and_the_umask_are_set",
            "a_refused_clone_is_reported",
            "a_shell_that_no_process_could_resume_gets_an_error",
            "each_descriptor_that_cannot_be_made_is_named",
            "every_signal_has_its_own_place_in_a_set",
            "every_signal_may_be_handled_and_pending",
            "every_signal_may_be_handled_and_pending_without_clone3",
            "exec_carries_out_the_actions_in_their_order",
            "it_works_where_the_kernel_lacks_newer_calls",
            "kill_and_stop_keep_their_actions",
            "no_room_for_two_descriptors_is_an_error_and_leaves_none",
            "poll_of_too_many_is_an_error",
            "signals_to_the_group_run_no_handler_in_the_child",
            "signals_to_the_group_run_no_handler_in_the_child_without_clone3",
            "signals_to_the_group_that_end_the_child_are_reported",
            "signals_to_the_group_that_end_the_child_are_reported_without_clone3",
            "the_callers_signals_during_the_call_are_as_posix_specifies",
            "the_environment_is_inherited_changed_and_cleared",
            "the_pipes_numbers_are_closed_to_the_exec",
            "a_clone_without_a_free_number_is_an_error",
        ],
    ),
    (
        "valgrind has no such call",
        &[
            "a_child_is_process_1_of_a_new_pid_namespace",
            "a_name_that_is_too_long_is_an_error",
            "a_peek_leaves_the_status_for_the_next_wait",
            "a_pidfd_can_be_taken_from_a_child",
            "a_pidfd_is_made_if_asked_for",
            "a_pidfd_refers_to_the_child",
            "a_pidfd_is_waited_for",
            "a_pidfd_that_is_refused_after_the_clone_is_a_failure_of_the_child",
            "a_spawn_passes_no_descriptor_on",
            "a_wait_with_a_time_limit_does_not_reap",
            "a_wait_with_a_time_limit_ends_without_the_child",
            "clone3_calls_its_function_on_the_stack_it_is_given",
            "the_heap_can_be_shared",
            "pidfd_is_made_without_clone3",
            "pidfd_names_the_child",
            "the_machines_name_is_set",
            "a_feature_that_the_program_names_works",
            "a_file_without_a_swap_area_is_an_error",
            "a_user_who_is_not_root_may_make_none_of_these_calls",
            "with_a_pidfd_a_later_child_of_the_same_number_is_not_reaped",
        ],
    ),
    (
        "the memory is copied, which needs a pipe",
        &[
            "a_parent_that_may_not_wait_returns_after_its_child_has_left_the_memory",
            "a_property_of_shared_memory_that_a_hook_changes_stays_changed",
            "a_descriptor_that_cannot_be_made_is_named",
            "all_actions_and_the_mask_are_restored",
            "redirect_needs_a_free_number",
            "the_mark_needs_no_descriptor",
            "the_mark_replaces_a_pipe_that_cannot_be_made",
            "the_parent_sees_what_a_hook_writes_if_memory_is_shared",
        ],
    ),
    (
        "valgrind fails or hangs when a signal stops or kills its program",
        &[
            "a_background_job_cannot_change_the_terminal",
            "a_child_that_is_killed_by_its_hook_is_reported",
            "a_pending_signal_that_dumps_core_is_reported_and_spares_the_parent",
            "a_shell_in_the_background_waits_until_it_is_not",
            "a_users_stop_before_the_exec_stops_the_program",
            "finish_continues_a_child_that_its_user_has_stopped",
        ],
    ),
    (
        "it does what memcheck complains of, on purpose",
        &[
            "a_child_that_faults_in_its_hook_is_reported",
            "a_fault_handler_runs_on_a_stack_of_its_own",
            "a_fault_handler_that_overflows_its_stack_ends_the_process",
            "a_stack_is_extended_beyond_the_soft_limit_only",
            "a_stack_that_cannot_be_extended_is_an_error",
            "the_stack_ends_where_the_soft_limit_is_reached",
        ],
    ),
    (
        "the limit on memory, or a filter, is valgrind's, too",
        &[
            "a_large_allocation_grows_without_a_second_one",
            "at_the_limit_the_answer_is_null_and_the_heap_works_on",
            "reading_without_memory_is_an_error",
        ],
    ),
    (
        "the memory in use includes that of valgrind",
        &["large_blocks_are_returned_to_the_kernel"],
    ),
    (
        "it takes minutes there",
        &[
            "a_large_allocation_is_usable_to_its_last_byte",
            "a_thousand_are_pending_at_once",
            "random_actions_have_the_same_effect_as_without_the_pipe",
            "both_outputs_are_collected_in_any_order",
            "hundreds_of_commands_leave_nothing",
            "no_two_allocations_overlap",
            "small_blocks_are_returned_to_the_kernel",
            "the_reuse_of_freed_memory_makes_no_system_call",
        ],
    ),
    (
        "valgrind reads past the end of an empty list of arguments",
        &[
            "a_file_in_no_executable_format_is_run_by_the_shell",
            "without_arguments_and_environment",
        ],
    ),
];

/// Runs the suites one after the other.
pub fn memcheck(workspace: &Workspace) -> Result<Outcome> {
    let valgrind = match apt::obtain(|| apt::program("valgrind", &["valgrind"])) {
        Ok(valgrind) => valgrind,
        Err(error) => return Ok(Outcome::missing(&format!("{error:#}"), false)),
    };
    let scratch = workspace.scratch()?;
    let log = scratch.join("memcheck.log");
    for group in Group::of(&[HOST])? {
        let build = compile::command(&group, workspace, Profile::Debug, TESTS);
        let built = capture(LIMIT, &build, &log)?;
        if !built.succeeded() {
            return Ok(Outcome::of(false, built.output));
        }
    }
    let program = compile::path(workspace, HOST, Profile::Debug, SUITES);
    let excluded: Vec<String> = EXCLUDED_CASES
        .iter()
        .flat_map(|(reason, tests)| tests.iter().map(move |test| format!("{test}: {reason}")))
        .collect();
    let excluded = excluded.join("\n");
    let complaints = scratch.join("memcheck-complaints.log");
    // The log goes to a descriptor that is already open: valgrind moves it to a number that the tests do not see. A log
    // file that valgrind opens by itself would be among the tests' descriptors.
    let script = r#"exec "$1" -q --error-markers="$2", --log-fd=9 "$3" "$4" "" "$5" 9>"$0""#;
    let mut outcome = Outcome::default();
    for suite in workspace.suites()? {
        if EXCLUDED_SUITES.contains(&&*suite) {
            continue;
        }
        let line = [
            complaints.as_os_str(),
            valgrind.as_os_str(),
            COMPLAINT.as_ref(),
            program.as_os_str(),
            suite.as_ref(),
            excluded.as_ref(),
        ];
        let words = ["-c".as_ref(), script.as_ref()].into_iter().chain(line);
        let command = cmd("sh", words).dir(&workspace.root);
        let mut one = suite::read(capture(LIMIT, &command, &log)?, "");
        for (name, _) in &mut one.cases {
            *name = format!("{suite}: {name}");
        }
        outcome.add(one);
        let text = fs::read(&complaints).context("memcheck's complaints")?;
        let text = String::from_utf8_lossy(&text);
        let has_none = !text.contains(COMPLAINT);
        let case = format!("{suite}: memcheck has no complaint");
        let shown = if has_none {
            String::new()
        } else {
            text.into_owned()
        };
        outcome.add(Outcome::of_checks([(&*case, has_none)], shown));
    }
    Ok(outcome)
}
