// The OpenAPI document, made of the very table and schemas that requests are served and checked by.

import { type ConversionConfig, toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import { conflict } from "../../protocol/sync/exchanges.ts";
import { type RefusalCode, refusals } from "./refusal.ts";
import { routes } from "./routes.ts";

const conversion: ConversionConfig = {
  target: "draft-2020-12",
  typeMode: "input",
  // JSON Schema has no word for a length in bytes; the description of the API says what is meant.
  errorMode: "ignore",
  overrideAction: ({ valibotAction, jsonSchema }) => {
    switch (valibotAction.type) {
      case "safe_integer":
        return { ...jsonSchema, type: "integer" };
      case "base64":
        return { ...jsonSchema, contentEncoding: "base64" };
      default:
        return undefined;
    }
  },
};

export function openApiDocument(): object {
  const signed = Object.entries(routes).map(([name, route]) => [
    route.path,
    {
      post: {
        operationId: name,
        summary: route.summary,
        parameters: signatureHeaders,
        requestBody: { required: true, content: json(schemaOf(route.request)) },
        responses: {
          200: {
            description: "The answer, signed by the server and bound to the request's signature",
            content: json(schemaOf(route.response)),
          },
          ...Object.fromEntries(route.refuses.map((code) => [refusals[code].status, refusalOf(code)])),
          ...(name === "join" || name === "recover" ? {} : { [conflict.status]: inConflict }),
        },
      },
    },
  ]);
  return {
    openapi: "3.1.0",
    info: {
      title: "Nightlatch server",
      version: "1",
      description:
        "Requests are signed by the machine, answers with status 200 by the server, with HTTP Message Signatures (RFC 9421, ed25519) and Content-Digest (RFC 9530). A maximum length of text counts bytes of UTF-8.",
    },
    paths: { ...Object.fromEntries(signed), ...open },
  };
}

const inConflict = {
  description:
    "The request's sequence has been used, or its keys were replaced. Signed like an answer with status 200; brings revocations, and says nothing of the request",
  content: json(schemaOf(conflict.response)),
};

export function schemaOf(schema: GenericSchema): object {
  const { $schema: _, ...rest } = toJsonSchema(schema, conversion);
  return rest;
}

const signatureHeaders = ["Content-Digest", "Signature-Input", "Signature"].map((name) => ({
  name,
  in: "header",
  required: true,
  schema: { type: "string" },
}));

const fine = {
  type: "object",
  properties: { status: { const: "ok" } },
  required: ["status"],
  additionalProperties: false,
};

const open = {
  "/healthz": {
    get: {
      operationId: "health",
      summary: "Whether the process answers; if not, it should be restarted",
      responses: { 200: { description: "It does", content: json(fine) } },
    },
  },
  "/readyz": {
    get: {
      operationId: "ready",
      summary:
        "Whether the server reaches its database and is not ending; if not, requests should go elsewhere",
      responses: {
        200: { description: "It is", content: json(fine) },
        503: refusalOf("unavailable"),
      },
    },
  },
  "/openapi.json": {
    get: {
      operationId: "describe",
      summary: "This document",
      responses: { 200: { description: "OpenAPI 3.1", content: json({ type: "object" }) } },
    },
  },
};

function json(schema: object): object {
  return { "application/json": { schema } };
}

function refusalOf(code: RefusalCode): object {
  return {
    description: refusals[code].message,
    content: json({
      type: "object",
      properties: {
        error: {
          type: "object",
          properties: { code: { const: code }, message: { type: "string" } },
          required: ["code", "message"],
          additionalProperties: false,
        },
      },
      required: ["error"],
      additionalProperties: false,
    }),
  };
}
