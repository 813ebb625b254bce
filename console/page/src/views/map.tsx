/** All pipelines on one map: which starts which, and how the newest runs of each went. */
import { address, ask, go, href } from "../address.ts";
import type { Map as Found, Node } from "../api/contract.ts";
import { useRead } from "../api/use_read.ts";
import { progress } from "../drawing/graph.ts";
import { GraphCanvas } from "../parts/graph_canvas.tsx";
import { Empty, Read } from "../parts/notice.tsx";
import { State } from "../parts/state.tsx";
import { counted } from "../words.ts";

export function PipelineMap() {
  const found = useRead<Found>("/api/map", null);
  return (
    <>
      <h1>Map</h1>
      <Read of={found}>
        {(map) =>
          map.graph.nodes.length === 0 ? <Empty>{map.note ?? "There are no pipelines."}</Empty> : <Shown map={map} />
        }
      </Read>
    </>
  );
}

function Shown({ map }: { map: Found }) {
  return (
    <>
      <GraphCanvas
        graph={map.graph}
        about="map"
        chosen={address.value.query["pipeline"] ?? null}
        label={`Map of ${counted(map.graph.nodes.length, "pipeline")}. Arrow keys go from one to the next, Enter opens its runs, plus and minus zoom.`}
        choose={(node) => ask({ pipeline: node.name })}
        open={(node) => go(href(["runs"], { pipeline: node.name }))}
      />
      <Table map={map} />
    </>
  );
}

function Table({ map }: { map: Found }) {
  const nodes = new Map(map.graph.nodes.map((node): [string, Node] => [node.name, node]));
  return (
    <table class="runs">
      <thead>
        <tr>
          <th>Newest run</th>
          <th>Pipeline</th>
          <th class="wide">Newest runs</th>
          <th>Starts with</th>
          <th class="wide">Publishes in</th>
        </tr>
      </thead>
      <tbody>
        {map.pipelines.map((one) => {
          const node = nodes.get(one.name);
          return (
            <tr key={one.name}>
              <td>{node && <State state={node.state} />}</td>
              <td>
                <a href={href(["runs"], { pipeline: one.name })}>{one.name}</a>
              </td>
              <td class="wide">{node && node.children > 1 ? progress(node) : ""}</td>
              <td>{one.triggers.map((trigger) => trigger.text).join(" and ")}</td>
              <td class="wide mono">{one.results}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
