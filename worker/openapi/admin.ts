/** The administration, in the document. */

import { auditQuery } from "../admin/audit.ts";
import { keyChanges, newKey, rotation } from "../admin/keys.ts";
import { newProject, projectChanges } from "../admin/projects.ts";
import { requestsQuery } from "../admin/requests.ts";
import {
  auditEntry,
  keyView,
  paged,
  projection,
  projectView,
  rebuilding,
  requests,
  rotatedKey,
  rows,
  shownKey,
} from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const admin = { tag: "Administration", role: "admin" } as const;
const GONE = { 204: { description: "Done." } };

export const adminOperations: Operation[] = [
  {
    ...admin,
    id: "listProjects",
    method: "get",
    path: "/api/v1/projects",
    summary: "List projects",
    description: "With all settings of each, the pixel secret included.",
    answers: { 200: { description: "Those that the key reaches.", content: json(rows(projectView)) } },
  },
  {
    ...admin,
    id: "createProject",
    method: "post",
    path: "/api/v1/projects",
    summary: "Create a project",
    description: "Needs a key for all projects.",
    body: {
      schema: newProject,
      examples: { Project: { project_id: "brand", name: "Brand", timezone: "Europe/Malta", currency: "EUR" } },
    },
    answers: { 201: { description: "The project.", content: json(projectView) } },
    problems: [409],
  },
  {
    ...admin,
    id: "getProject",
    method: "get",
    path: "/api/v1/projects/{project_id}",
    summary: "Show a project",
    description: "With all its settings, the pixel secret included.",
    examples: { project_id: "default" },
    answers: { 200: { description: "The project.", content: json(projectView) } },
    problems: [400],
  },
  {
    ...admin,
    id: "changeProject",
    method: "patch",
    path: "/api/v1/projects/{project_id}",
    summary: "Change a project",
    description:
      "Only the fields that are given. A new attribution window is applied to the past of the project, some people at a time.",
    examples: { project_id: "default" },
    body: { schema: projectChanges, examples: { Window: { attribution_days: 30 } } },
    answers: { 200: { description: "The project as it is now.", content: json(projectView) } },
  },
  {
    ...admin,
    id: "removeProject",
    method: "delete",
    path: "/api/v1/projects/{project_id}",
    summary: "Remove a project whose events have gone, with all that is kept of it",
    description:
      "Its keys open nothing any more. Refused, with the reason, while its events are in the log or the archive, or a player of it is being erased.",
    answers: GONE,
    problems: [400, 409],
  },
  {
    ...admin,
    id: "listKeys",
    method: "get",
    path: "/api/v1/keys",
    summary: "List keys",
    description: "Also those that are over or revoked.",
    answers: { 200: { description: "The newest first; never the keys themselves.", content: json(rows(keyView)) } },
  },
  {
    ...admin,
    id: "createKey",
    method: "post",
    path: "/api/v1/keys",
    summary: "Create a key",
    description:
      "`project_id: null` is every project; left out, it is the caller's own, or `default`. The key is stored as a hash alone: what is not copied from this answer is lost.",
    body: { schema: newKey, examples: { Reader: { name: "Reports", role: "viewer", project_id: "default" } } },
    answers: { 201: { description: "The key; it is shown this once.", content: json(shownKey) } },
  },
  {
    ...admin,
    id: "changeKey",
    method: "patch",
    path: "/api/v1/keys/{id}",
    summary: "Change a key",
    description: "Its name, its tags or its end. Its role and its project stay.",
    body: { schema: keyChanges, examples: { Name: { name: "Reports of the brand" } } },
    answers: { 200: { description: "The key as it is now.", content: json(keyView) } },
    problems: [404],
  },
  {
    ...admin,
    id: "rotateKey",
    method: "post",
    path: "/api/v1/keys/{id}/rotate",
    summary: "Replace a key",
    description: "The old one goes on beside the new one for a while.",
    body: { schema: rotation, examples: { "An hour": { overlap_seconds: 3600 } } },
    answers: { 201: { description: "The new key; it is shown this once.", content: json(rotatedKey) } },
    problems: [404, 409],
  },
  {
    ...admin,
    id: "revokeKey",
    method: "delete",
    path: "/api/v1/keys/{id}",
    summary: "Revoke a key",
    description: "It stops everywhere within 20 seconds.",
    answers: GONE,
    problems: [404],
  },
  {
    ...admin,
    id: "listRequests",
    method: "get",
    path: "/api/v1/requests",
    summary: "What came lately, and why some was refused",
    description: "The newest first. What was refused is counted in full and kept as samples, with what to do about it.",
    query: requestsQuery,
    answers: {
      200: { description: "Exact counts, and samples.", content: json(requests), tables: ["text/csv"] },
    },
  },
  {
    ...admin,
    id: "listProjections",
    method: "get",
    path: "/api/v1/projections",
    summary: "Where each projection stands in the log",
    description:
      "Every figure is derived from the event log by one of these. Tells how far each one is and what went wrong last.",
    answers: { 200: { description: "All of them.", content: json(rows(projection)) } },
  },
  {
    ...admin,
    id: "rebuildProjection",
    method: "post",
    path: "/api/v1/projections/{name}/rebuild",
    summary: "Begin a projection anew",
    description: "From the beginning of the log; those that share its tables go along. Needs a key for all projects.",
    examples: { name: "daily" },
    answers: { 202: { description: "It has begun.", content: json(rebuilding) } },
    problems: [404, 409],
  },
  {
    ...admin,
    id: "listAudit",
    method: "get",
    path: "/api/v1/audit",
    summary: "Who did what",
    description: "Every administrative act, written together with what it did. Never a secret.",
    query: auditQuery,
    answers: { 200: { description: "The newest first.", content: json(paged(auditEntry)) } },
  },
];
