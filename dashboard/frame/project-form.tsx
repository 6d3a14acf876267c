/** Switches to another project of those that the reader may see, by name. */

import { useState } from "preact/hooks";
import type { SignedIn } from "../../worker/http/sign-in.ts";
import { NO_FILTERS } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { client } from "../api.ts";
import { useNavigation } from "../navigation.ts";
import { query } from "../reports.ts";
import { words } from "../words.ts";

type Chosen = { project_id: string; close: () => void };

/** The number of projects from which on there is a search field. */
const MANY = 8;

const session = () => query("session", {}, (_, options) => client.session.$get({}, options));

export function ProjectForm({ project_id, close }: Chosen) {
  const { go } = useNavigation();
  const [sought, seek] = useState("");
  const { data } = useAnswer<SignedIn>(session());
  const projects = data?.projects ?? [];
  const shown = projects.filter((project) =>
    `${project.name} ${project.project_id}`.toLowerCase().includes(sought.toLowerCase()),
  );
  const open = (chosen: string) => {
    go({ ...NO_FILTERS, project_id: chosen, search: undefined, app: undefined, player_id: undefined });
    close();
  };
  return (
    <div class="projects-menu">
      {projects.length >= MANY && (
        <input
          type="search"
          class="input"
          placeholder={words.frame.findAProject}
          aria-label={words.frame.findAProject}
          value={sought}
          onInput={(event) => seek(event.currentTarget.value)}
        />
      )}
      <ul class="menu-list" aria-label={words.common.projects}>
        {shown.map((project) => (
          <li key={project.project_id}>
            <button
              type="button"
              aria-pressed={project.project_id === project_id}
              onClick={() => open(project.project_id)}
            >
              {project.name} <span class="muted">{project.name !== project.project_id && project.project_id}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
