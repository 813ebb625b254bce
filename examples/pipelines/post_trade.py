"""What a portfolio did, every night after the market closed: clean prices, process them, model their risk,
store the insights.
"""

from sluice import Array, Job, Manual, Pipeline, Plan, Schedule

pipeline = Pipeline(
    name="post-trade",
    triggers=[Schedule("cron(30 22 ? * MON-FRI *)", timezone="America/New_York"), Manual()],
    steps=[
        Plan(
            "clean", run="clean", memory=512
        ),  # an item for each symbol: its prices, checked and without gaps
        Array("process", run="process", items_of="clean", memory=1024),  # returns, volatility, drawdown
        Array("model", run="model", each="process", vcpus=2, memory=4096),  # the only step that computes much
        Job("store", run="store", after=["model"], memory=512),
    ],
)
