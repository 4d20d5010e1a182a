/*
 * The way to the agent's socket. Before the first byte is sent it is certain that no user but root and the agent's
 * own account could have put the socket there, and that one of the two is listening.
 */
#ifndef NIGHTLATCH_CONNECT_H
#define NIGHTLATCH_CONNECT_H

/*
 * A connected, non-blocking, close-on-exec socket, or -1 with the reason in *why: a constant for the log.
 * agent_user need not exist; then only root is trusted.
 */
int connect_to_agent(const char *path, const char *agent_user, int limit_ms, const char **why);

#endif
