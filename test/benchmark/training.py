"""PyTorch's side of `npm run bench -- training`: the same networks, loss and optimiser, timed where it is told.

Reads one JSON object per line: {"workload": …, "batch": …, "layout": "default" | "channels_last", "steps": …}
Answers {"ms": [milliseconds of each step], "cpu": milliseconds of processor time for all}, or {"error": …}. The first line says what it runs on.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def conv(inputs, outputs, kernel=3, stride=1, padding=None, groups=1):
    padding = kernel // 2 if padding is None else padding
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)


class Residual(nn.Module):
    def __init__(self, path, shortcut=None, activation=None):
        super().__init__()
        self.path, self.shortcut, self.activation = path, shortcut, activation

    def forward(self, x):
        y = self.path(x) + (x if self.shortcut is None else self.shortcut(x))
        return y if self.activation is None else self.activation(y)


class Normalise(nn.Module):
    def __init__(self, shift, scale):
        super().__init__()
        self.shift, self.scale = shift, scale

    def forward(self, x):
        return (x - self.shift) / self.scale


def small_resnet():
    """src-main/learning/networks/small-res-net.ts at 112 px."""

    def block(inputs, outputs, stride):
        path = nn.Sequential(
            conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs), nn.ReLU(),
            conv(outputs, outputs), nn.BatchNorm2d(outputs),
        )
        same = stride == 1 and inputs == outputs
        shortcut = None if same else nn.Sequential(conv(inputs, outputs, 1, stride, 0), nn.BatchNorm2d(outputs))
        return Residual(path, shortcut, nn.ReLU())

    widths = [16, 32, 64, 128]
    blocks = [block(widths[max(0, i - 1)], width, 2 if i else 1) for i, width in enumerate(widths)]
    return nn.Sequential(
        Normalise(127.5, 128), conv(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(),
        *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 128),
    )


def mobile_face_net():
    """src-main/learning/networks/mobile-face-net.ts at 112 px (Chen et al. 2018, table 1)."""

    def unit(layer, channels):
        return [layer, nn.BatchNorm2d(channels), nn.PReLU(channels)]

    def bottleneck(inputs, outputs, width, stride):
        path = nn.Sequential(
            *unit(conv(inputs, width, 1), width),
            *unit(conv(width, width, 3, stride, groups=width), width),
            conv(width, outputs, 1), nn.BatchNorm2d(outputs),
        )
        return Residual(path) if stride == 1 and inputs == outputs else path

    def stage(inputs, outputs, expansion, count, stride):
        return [
            bottleneck(inputs if i == 0 else outputs, outputs, (inputs if i == 0 else outputs) * expansion,
                       stride if i == 0 else 1)
            for i in range(count)
        ]

    return nn.Sequential(
        Normalise(127.5, 128),
        *unit(conv(3, 64, 3, 2), 64), *unit(conv(64, 64, groups=64), 64),
        *stage(64, 64, 2, 5, 2), *stage(64, 128, 4, 1, 2), *stage(128, 128, 2, 6, 1),
        *stage(128, 128, 4, 1, 2), *stage(128, 128, 2, 2, 1),
        *unit(conv(128, 512, 1), 512),
        conv(512, 512, 7, 1, 0, groups=512), nn.BatchNorm2d(512),
        conv(512, 128, 1), nn.BatchNorm2d(128), nn.Flatten(),
    )


class ChannelScale(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x):
        return x * self.scale + self.shift


class BlockDown(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.path = nn.Sequential(
            conv(inputs, outputs, 3, 2, 0), ChannelScale(outputs), nn.ReLU(),
            conv(outputs, outputs), ChannelScale(outputs),
        )

    def forward(self, x):
        pooled, y = F.avg_pool2d(x, 2), self.path(x)
        rows, columns = (max(pooled.shape[i], y.shape[i]) for i in (2, 3))

        def grow(t):
            return F.pad(t, (0, columns - t.shape[3], 0, rows - t.shape[2], 0, y.shape[1] - t.shape[1]))

        return F.relu(grow(y) + grow(pooled))


def recognition():
    """src-main/learning/networks/recognition-net.ts: dlib's ResNet, 150 px."""

    def block(channels):
        path = nn.Sequential(
            conv(channels, channels), ChannelScale(channels), nn.ReLU(),
            conv(channels, channels), ChannelScale(channels),
        )
        return Residual(path, None, nn.ReLU())

    return nn.Sequential(
        Normalise(torch.tensor([122.782, 117.001, 104.298]).view(1, 3, 1, 1), 255),
        conv(3, 32, 7, 2, 0), ChannelScale(32), nn.ReLU(), nn.MaxPool2d(3, 2), *[block(32) for _ in range(3)],
        BlockDown(32, 64), *[block(64) for _ in range(3)],
        BlockDown(64, 128), *[block(128) for _ in range(2)],
        BlockDown(128, 256), *[block(256) for _ in range(2)], BlockDown(256, 256),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 128, bias=False),
    )


workloads = {
    "small-res-net": (small_resnet, (3, 112, 112)),
    "mobile-face-net": (mobile_face_net, (3, 112, 112)),
    "recognition": (recognition, (3, 150, 150)),
    "head": (lambda: nn.Linear(256, 128, bias=False), (256,)),
}


def batch_hard(embeddings, labels, margin=0.2):
    """Triplets on the squared distance, hardest positive and negative of each anchor (Hermans et al. 2017, eq. 5)."""
    unit = F.normalize(embeddings)
    squared = (2 - 2 * unit @ unit.T).clamp(min=0)
    same = labels[:, None] == labels[None, :]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    hardest_positive = squared.masked_fill(~positive, -1).amax(1)
    hardest_negative = squared.masked_fill(same, 1e30).amin(1)
    return F.relu(hardest_positive - hardest_negative + margin).mean()


class Runner:
    def __init__(self, workload, batch, layout, device):
        make, shape = workloads[workload]
        torch.manual_seed(1)
        memory = torch.channels_last if layout == "channels_last" and len(shape) == 3 else torch.contiguous_format
        self.network = make().to(device, memory_format=memory).train()
        for module in self.network.modules():
            if isinstance(module, Normalise) and isinstance(module.shift, torch.Tensor):
                module.shift = module.shift.to(device)
        self.images = (255 * torch.rand(batch, *shape)).to(device).contiguous(memory_format=memory)
        self.labels = (torch.arange(batch) // 4).to(device)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=1e-4, weight_decay=0.01)
        self.device = device

    def step(self):
        self.optimiser.zero_grad(set_to_none=True)
        loss = batch_hard(self.network(self.images), self.labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        return loss.item()  # waits for a GPU too


def main():
    torch.set_num_threads(int(sys.argv[1]))
    cuda = torch.cuda.is_available() and len(sys.argv) > 2 and sys.argv[2] == "cuda"
    device = "cuda" if cuda else "cpu"
    name = torch.cuda.get_device_name() if cuda else "CPU"
    print(json.dumps({"torch": torch.__version__, "device": name, "threads": torch.get_num_threads()}), flush=True)
    runners = {}
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            key = (asked["workload"], asked["batch"], asked["layout"])
            if key not in runners:
                runners[key] = Runner(*key, device)
                for _ in range(3):
                    runners[key].step()
            times = []
            cpu = time.process_time()
            for _ in range(asked["steps"]):
                begun = time.perf_counter()
                runners[key].step()
                times.append(1000 * (time.perf_counter() - begun))
            answer = {"ms": times, "cpu": 1000 * (time.process_time() - cpu)}
        except Exception as error:  # told, so that the other side does not wait for ever
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


main()
