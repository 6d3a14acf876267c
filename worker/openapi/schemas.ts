/** The schema registry, in the document. */
import { newSchema, registration, schemaChanges, schemasQuery, which } from "../admin/schemas.ts";
import { drift, paged, schemaHistory, schemaVersion, schemaView } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const tag = "Schemas";
const BOSS = {
  event_type: "boss_defeated",
  schema: { type: "object", properties: { data: { type: "object", properties: { level: { type: "integer" } } } } },
};

export const schemaOperations: Operation[] = [
  {
    tag,
    role: "analyst",
    id: "listSchemas",
    method: "get",
    path: "/api/v1/schemas",
    summary: "List versions of schemas",
    description: "Every version of every event type, and which one is in force. `event_type` narrows it to one type.",
    query: schemasQuery,
    answers: { 200: { description: "The newest first.", content: json(paged(schemaVersion)) } },
  },
  {
    tag,
    role: "admin",
    id: "registerSchema",
    method: "post",
    path: "/api/v1/schemas",
    summary: "Register a schema for an event type",
    description: "A change that would refuse what the version in force accepts is refused.",
    query: registration,
    body: { schema: newSchema, examples: { "A type of your own": BOSS } },
    answers: {
      200: { description: "It is the version in force already.", content: json(schemaVersion) },
      201: { description: "The new version, in force from now on.", content: json(schemaVersion) },
    },
    problems: [409],
  },
  {
    tag,
    role: "analyst",
    id: "getSchema",
    method: "get",
    path: "/api/v1/schemas/{event_type}",
    summary: "One type's versions and drift",
    description: "With how far the newest events differ from the version in force.",
    query: which,
    answers: { 200: { description: "The newest version first.", content: json(schemaHistory) } },
    problems: [404],
  },
  {
    tag,
    role: "analyst",
    id: "getDrift",
    method: "get",
    path: "/api/v1/schemas/{event_type}/drift",
    summary: "How far events and schema have drifted apart",
    description: "Fields that the schema does not name, fields that never come, and what breaks it.",
    query: which,
    answers: { 200: { description: "Of the newest events of the type.", content: json(drift) } },
  },
  {
    tag,
    role: "admin",
    id: "changeSchema",
    method: "patch",
    path: "/api/v1/schemas/{event_type}",
    summary: "Change what a schema does",
    description: "The mode (`off`, `warn`, `enforce`), or the version in force. The versions themselves never change.",
    query: which,
    body: { schema: schemaChanges, examples: { Enforce: { mode: "enforce" } } },
    answers: { 200: { description: "As it is now.", content: json(schemaView) } },
    problems: [404, 409],
  },
  {
    tag,
    role: "admin",
    id: "retireSchema",
    method: "delete",
    path: "/api/v1/schemas/{event_type}",
    summary: "Retire a schema",
    description: "Events of this type are no longer checked. Its versions stay, and a new one brings it back.",
    query: which,
    answers: { 204: { description: "It judges no event any more; its versions stay." } },
    problems: [404],
  },
];
