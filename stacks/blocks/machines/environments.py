"""The compute environments, each created for the first queue that needs it: what no pipeline names does not
exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aws_cdk import aws_batch as batch
from constructs import Construct

from stacks.blocks.machines.ec2 import GPU_IMAGE, Machines
from stacks.blocks.machines.fargate import fargate_environment
from stacks.blocks.machines.network import Network
from stacks.blocks.machines.unmanaged import OwnMachines
from stacks.configuration import Configuration

_Made = batch.CfnComputeEnvironment


class Environments(Construct):
    """Environments by their names in ``sluice.compute.ENVIRONMENTS``.

    ``connect_nodes`` lets on-demand machines reach each other, for the nodes of multi-node jobs. ``tags`` are
    those of the machines.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: Network,
        configuration: Configuration,
        connect_nodes: bool,
        disk_gib: int,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._network = network
        self._configuration = configuration
        self._connect_nodes = connect_nodes
        self._disk_gib, self._tags = disk_gib, tags
        self._made: dict[str, _Made] = {}
        self._machines: Machines | None = None
        self._own: OwnMachines | None = None
        self._makers: dict[str, Callable[[str], _Made]] = {
            "Spot": self._spot,
            "OnDemand": self._on_demand,
            "GpuSpot": self._gpu_spot,
            "GpuOnDemand": self._gpu_on_demand,
            "ArmSpot": self._arm_spot,
            "ArmOnDemand": self._arm_on_demand,
            "Fargate": self._fargate,
            "FargateSpot": self._fargate,
            "Unmanaged": self._unmanaged,
        }

    def of(self, name: str) -> batch.CfnComputeEnvironment:
        """Return the environment of a name, and create it on first use."""
        if name not in self._made:
            self._made[name] = self._makers[name](name)
        return self._made[name]

    @property
    def own_machines_template(self) -> str | None:
        """Return the id of the launch template for a user's own machines, None without such machines."""
        return self._own.launch_template if self._own else None

    @property
    def _ec2(self) -> Machines:
        self._machines = self._machines or Machines(
            self,
            network=self._network,
            disk_gib=self._disk_gib,
            tags=self._tags,
            scale_down_delay=self._configuration.scale_down_delay,
        )
        return self._machines

    def _spot(self, name: str) -> _Made:
        types, max_vcpus = self._configuration.machines, self._configuration.max_vcpus_spot
        return self._ec2.spot(name, instance_types=types, max_vcpus=max_vcpus)

    def _on_demand(self, name: str) -> _Made:
        types, max_vcpus = self._configuration.machines, self._configuration.max_vcpus_on_demand
        return self._ec2.on_demand(
            name, instance_types=types, max_vcpus=max_vcpus, connect_nodes=self._connect_nodes
        )

    def _arm_spot(self, name: str) -> _Made:
        types, max_vcpus = self._configuration.arm_instance_types, self._configuration.max_vcpus_spot
        return self._ec2.spot(name, instance_types=types, max_vcpus=max_vcpus)

    def _arm_on_demand(self, name: str) -> _Made:
        types, max_vcpus = self._configuration.arm_instance_types, self._configuration.max_vcpus_on_demand
        return self._ec2.on_demand(
            name, instance_types=types, max_vcpus=max_vcpus, connect_nodes=self._connect_nodes
        )

    def _gpu_spot(self, name: str) -> _Made:
        types, max_vcpus = self._configuration.gpu_instance_types, self._configuration.max_vcpus_gpu
        return self._ec2.spot(name, instance_types=types, max_vcpus=max_vcpus, image_type=GPU_IMAGE)

    def _gpu_on_demand(self, name: str) -> _Made:
        types, max_vcpus = self._configuration.gpu_instance_types, self._configuration.max_vcpus_gpu
        return self._ec2.on_demand(
            name,
            instance_types=types,
            max_vcpus=max_vcpus,
            image_type=GPU_IMAGE,
            connect_nodes=self._connect_nodes,
        )

    def _fargate(self, name: str) -> _Made:
        max_vcpus, spot = self._configuration.max_vcpus_fargate, name == "FargateSpot"
        return fargate_environment(self, name, network=self._network, max_vcpus=max_vcpus, spot=spot)

    def _unmanaged(self, name: str) -> _Made:
        architecture = self._configuration.job_architecture
        self._own = OwnMachines(
            self,
            name,
            network=self._network,
            architecture=architecture,
            disk_gib=self._disk_gib,
            tags=self._tags,
        )
        return self._own.environment
