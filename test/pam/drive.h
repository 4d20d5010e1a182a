/*
 * Stands in for an application with PAM: starts a handle, makes the calls named, answers what is asked and prints
 * all that a person would see. For tests and benchmarks of this module and of others. See usage() for the arguments.
 */
#ifndef DRIVE_H
#define DRIVE_H

#include <security/pam_appl.h>
#include <stdbool.h>
#include <stddef.h>

enum { MOST = 64 };

struct script {
    const char *answers[MOST];
    size_t count;
    size_t next;
    bool quiet; /* prints nothing, for measuring */
    bool json;
    bool null_answers; /* the conversation succeeds without a response */
    bool fail_messages; /* PAM_CONV_ERR for what is only shown */
    long delay_ms; /* before each answer */
    const char *secret_hex; /* the last answer given in hex */
};

struct plan {
    const char *confdir;
    const char *service;
    const char *rhost;
    const char *tty;
    const char *calls;
    const char *user; /* NULL: none */
    const char *pamenv[MOST];
    size_t pamenv_count;
    unsigned flags;
    bool no_conversation;
    bool search_memory;
    long rounds;
};

/* How the program is called; exit status 2. */
__attribute__((noreturn)) void usage(void);

/* "PAM_SUCCESS" and so on; "PAM_?" for what Linux-PAM does not know. */
const char *name_of(int code);

/* Both end the process with status 2 when PAM can't be started, since no test means that. Else 0 when every call succeeded. */
int run_calls(const struct plan *plan, struct script *script);
int run_rounds(const struct plan *plan, struct script *script);

/* The conversation function; its data is a struct script. */
int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data);
void print_result(const struct script *script, const char *call, int code);
/* From now on, what modules log is printed instead of going to syslog. */
void print_log_by(const struct script *script);

/* Bytes written in hex, for what an argument cannot hold otherwise. They stay until forget_hex(). */
const char *from_hex(const char *hex);
void forget_hex(void);
/* Says how often the second half of what is written in hex lies in memory that this process can write to. */
void search_memory(const char *hex);

#endif
