/** Changes to another project: one of those that there are, where one may know them. */
import type { Principal } from "../../worker/http/principal.ts";
import { may } from "../../worker/http/principal.ts";
import { NO_FILTERS } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { useNavigation } from "../navigation.ts";
import { projects } from "../projects/query.ts";

type Chosen = { principal: Principal; project_id: string; close: () => void };

export function ProjectForm({ principal, project_id, close }: Chosen) {
  const { go } = useNavigation();
  const { data } = useAnswer(may(principal, "admin") ? projects() : null);
  return (
    <form
      class="menu-form"
      onSubmit={(event) => {
        event.preventDefault();
        const chosen = String(new FormData(event.currentTarget).get("project_id") ?? "").trim();
        go({
          ...NO_FILTERS,
          project_id: chosen || undefined,
          search: undefined,
          app_id: undefined,
          player_id: undefined,
        });
        close();
      }}
    >
      <label>
        Project
        <input
          class="input"
          name="project_id"
          list="projects"
          defaultValue={project_id}
          autocomplete="off"
          spellcheck={false}
        />
      </label>
      <datalist id="projects">
        {data?.rows.map((project) => (
          <option key={project.project_id} value={project.project_id} />
        ))}
      </datalist>
      <button type="submit" class="button">
        Open
      </button>
    </form>
  );
}
