/** A box that stays at its end while it grows. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";

/** Stays at the end while new rows come, unless the reader has scrolled away from it. */
export function useFollowing(
  box: React.RefObject<HTMLElement | null>,
  count: number,
  height: number,
): { following: boolean; follow: () => void; stay: () => void } {
  const [following, setFollowing] = useState(true);
  const byUs = useRef(0);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const scrolled = () => {
      const rest = element.scrollHeight - element.clientHeight - element.scrollTop;
      // What we scrolled ourselves says nothing about the reader.
      if (element.scrollTop >= byUs.current - 2 && rest > 48) return;
      byUs.current = element.scrollTop;
      setFollowing(rest <= 48);
    };
    const wheel = (event: WheelEvent) => {
      if (event.deltaY < 0 && element.scrollHeight > element.clientHeight) setFollowing(false);
    };
    element.addEventListener("scroll", scrolled, { passive: true });
    element.addEventListener("wheel", wheel, { passive: true });
    return () => {
      element.removeEventListener("scroll", scrolled);
      element.removeEventListener("wheel", wheel);
    };
  }, [box]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it goes to the end whenever the rows or their height change
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !following) return;
    element.scrollTop = element.scrollHeight;
    byUs.current = element.scrollTop;
  }, [box, count, height, following]);
  const follow = () => {
    setFollowing(true);
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  return { following, follow, stay: () => setFollowing(false) };
}
