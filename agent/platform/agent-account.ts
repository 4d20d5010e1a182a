/** The account that the agent's packages make and run it under, besides root the only one that may own its sockets. */
export const agentAccount = "nightlatch";
